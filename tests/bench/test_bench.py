"""Each bench still runs, in its smallest form. What is fast enough is for `dingcrm bench` to say."""

import pytest

from tests.bench.figures import TINY
from tests.bench.table import BENCHES, print_table


@pytest.mark.parametrize("name", BENCHES)
async def test_it_measures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    figures = await BENCHES[name](TINY)
    assert figures
    for figure in figures:
        assert figure.value > 0
        assert figure.baseline is None or (figure.baseline > 0 and figure.ratio)
    print_table(figures)
    assert figures[0].bench in capsys.readouterr().out
