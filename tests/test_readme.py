"""The README keeps its word: its example runs as it stands and prints its number, within the spread of seeds."""

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_ten_lines_run_and_print_what_they_say():
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    promised, spread = map(float, re.search(r"# prints ([+-]\d+\.\d) ± (\d+\.\d)", code).groups())
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})
    printed, _ = map(float, re.fullmatch(r"([+-]\d+\.\d) ± (\d+\.\d)\n", said.getvalue()).groups())
    assert abs(printed - promised) <= spread  # another processor gives other last digits, not another result
