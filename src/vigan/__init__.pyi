"""Types of what is imported lazily. Here, and not in the module, which would import all code for every digest of it."""

from vigan import metrics as metrics
from vigan.cli.api import Trained as Trained
from vigan.cli.api import evaluate as evaluate
from vigan.cli.api import judge as judge
from vigan.cli.api import load_study as load_study
from vigan.cli.api import train as train

__version__: str
LAZY: tuple[str, ...]
