"""2. A reply to a message while the endpoint that sends takes 20 ms; 50 people at once."""

from tests.bench.company import seller
from tests.bench.figures import Figure, Scale, bounded, faster, p99
from tests.bench.process import subject

IN_FLIGHT = 50
LATENCY = 0.020


async def measure(scale: Scale) -> list[Figure]:
    """Ours goes all the way: inbox, who asks, the answer in the outbox, the call, its end noted."""
    ours: list[float] = []
    theirs: list[float] = []
    acks: list[float] = []
    for _ in range(scale.runs):
        people = min(IN_FLIGHT, scale.replies)
        async with subject("app", people, 5, 20, 0) as light:
            await light.drive([light.bot(seller(n), "帮助") for n in range(people)], people, replies=True)
            light.latency = LATENCY
            pushes = [light.bot(seller(n % people), "帮助") for n in range(scale.replies)]
            run = await light.drive(pushes, people, replies=True)
            ours.append(len(run.replies) / run.seconds)
            acks.append(p99(run.acks))
        people = min(IN_FLIGHT, scale.sdk_replies)
        async with subject("sdk_reply") as light:
            light.latency = LATENCY
            pushes = [light.bot(seller(n % people), "帮助") for n in range(scale.sdk_replies)]
            run = await light.drive(pushes, people, replies=True)
            theirs.append(len(run.replies) / run.seconds)
    return [
        faster("reply, endpoint 20 ms, 50 in flight", ours, theirs, unit="/s", against="the SDK's reply_text",
               at_least=20),
        bounded("its acknowledgement, p99", acks, unit="ms", at_most=10),
    ]  # fmt: skip
