"""5. 领取 tapped on a card, worked, and answered in the acknowledgement; 50 in flight."""

from bot.dispatch.drawing import track_id
from cards.pool import ClaimButton
from tests.bench.company import seller
from tests.bench.figures import Figure, Scale, bounded, p99
from tests.bench.process import subject

IN_FLIGHT = 50
EACH = 5


async def measure(scale: Scale) -> list[Figure]:
    """Each tap claims another customer, so that each one writes."""
    latest: list[float] = []
    rates: list[float] = []
    people = min(IN_FLIGHT, scale.taps)
    for _ in range(scale.runs):
        async with subject("app", people, EACH, scale.taps + people + 5, people) as light:
            last = people * EACH + scale.taps + people + 5

            def claim(n: int, customer_id: int, light=light):  # type: ignore[no-untyped-def]
                track = track_id(f"reply:bot:setup-{seller(n % people)}")
                return light.tap(seller(n % people), track, ClaimButton(customer_id=customer_id).encode())

            await light.drive([claim(n, last - n) for n in range(people)], people)
            run = await light.drive([claim(n, last - people - n) for n in range(scale.taps)], people)
            for ack in run.answers:  # past the budget the answer follows as an update; the goal is missed by then
                assert "领取成功" in ack["data"] or "处理中" in ack["data"], ack["data"]
            latest.append(p99(run.acks))
            rates.append(run.rate)
    return [
        bounded("card tap answered, 50 in flight, p99", latest, unit="ms", at_most=100),
        bounded("taps (claims) answered", rates, unit="/s"),
    ]
