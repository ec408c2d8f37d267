"""`vigan`, and `python -m vigan.cli`."""

from typing import NoReturn

from vigan.cli.process import quick_imports, run


def vigan() -> NoReturn:
    """Run the command of this process, and end it."""
    run(_command)


def _command() -> int:
    with quick_imports():
        from vigan.cli.parser import main
    return main()


if __name__ == "__main__":
    vigan()
