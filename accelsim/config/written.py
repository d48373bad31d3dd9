"""A configuration written out in full."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from accelsim.documents.core_yaml import core_yaml

if TYPE_CHECKING:
    from accelsim.config.run import Config


def resolved_yaml(config: Config, workload: str | None = None) -> str:
    """Write a configuration in full, every default explicit, as a file that :func:`load_config` can read.

    Keys that have no value are left out, and so is ``run.output``, which says where a result went and not
    what it is.

    Parameters
    ----------
    config
        The configuration.
    workload
        What to write as ``run.workload``, a network of one shape, so that ``run.input_shape`` is left out; default:
        what it is, relative to the file it came from.
    """
    yaml = core_yaml()
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared by its default, None
    yaml.width = 2**16
    values = config.model_dump(exclude_none=True, exclude={"run": {"output"}})
    if workload is not None:
        values["run"]["workload"] = workload
        values["run"].pop("input_shape", None)
    text = io.StringIO()
    yaml.dump(values, text)
    return text.getvalue()
