"""What is said of lines of a file of records that give no model."""

from opengrade.errors import Place
from opengrade.hub.lineage import DEEPEST, MOST
from opengrade.hub.lines import Fault
from opengrade.remarks import Remark, remark


def line_remark(place: Place, fault: Fault) -> Remark:
    """Say why a line is no record."""
    where = Place(place.path, place.line, fault.column)
    return remark("LineNotRead", where, names={"reason": fault.reason.rstrip(".")})


def record_twice(place: Place, id_: str, first: int) -> Remark:
    """Say that a record of the same id stands before."""
    return remark("RecordTwice", place, value=id_, names={"id": id_, "first": str(first)})


def too_far_back(place: Place, id_: str) -> Remark:
    """Say that too many models lie behind one."""
    names = {"id": id_, "steps": str(DEEPEST), "models": f"{MOST:,}"}
    return remark("TooFarBack", place, value=id_, names=names)
