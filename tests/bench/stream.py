"""1. A message pushed, stored in the inbox and acknowledged; 200 in flight."""

from tests.bench.figures import Figure, Scale, bounded, faster, p99
from tests.bench.process import subject

IN_FLIGHT = 200
KINDS = ("inbox", "sdk", "sdk_uvloop", "bare")


async def measure(scale: Scale) -> list[Figure]:
    """Ours stores durably before it acknowledges; the echoes only acknowledge."""
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    latest: list[float] = []
    for _ in range(scale.runs):
        for kind in KINDS:
            async with subject(kind) as light:
                warm = [light.bot(f"u{n % 200:03}", "你好") for n in range(min(scale.frames, 1000))]
                await light.drive(warm, IN_FLIGHT)
                pushes = [light.bot(f"u{n % 200:03}", "你好") for n in range(scale.frames)]
                run = await light.drive(pushes, IN_FLIGHT)
                assert all(ack["code"] == 200 for ack in run.answers)
                rates[kind].append(run.rate)
                if kind == "inbox":
                    latest.append(p99(run.acks))
    name = "frame through the inbox"
    return [
        faster(name, rates["inbox"], rates["sdk"], unit="/s", against="the SDK's echo, ack only", at_least=1),
        faster(name, rates["inbox"], rates["sdk_uvloop"], unit="/s", against="the same on uvloop"),
        faster(name, rates["inbox"], rates["bare"], unit="/s", against="bare aiohttp echo"),
        bounded("its acknowledgement, p99", latest, unit="ms"),
    ]
