"""What operations refuse.

AppError
  Conflict
    ArgumentsLost   409  a dead letter whose job can't be tried again, because nobody knows its arguments any more
    ArgumentsUnfit  409  a dead letter whose arguments no job can be given
"""

from src.platform.errors import Conflict


class ArgumentsLost(Conflict):
    code, message = "arguments_lost", "The arguments of this job are lost, so it can only be dropped"


class ArgumentsUnfit(Conflict):
    code, message = "arguments_unfit", "No job can be given these arguments, so it can only be dropped"
