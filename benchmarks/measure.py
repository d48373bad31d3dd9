"""Simulate one configuration in this process and print what it cost, as JSON; `speed.py` starts it afresh each time."""

from __future__ import annotations

import json
import resource
import sys
import time

import simpy

import accelsim
from accelsim.experiment import plan_network, run_experiment

BARE_TIMEOUTS = 200_000


def simulation_cost(path: str, overrides: list[str]) -> dict[str, float]:
    """CPU seconds of reading the network, mapping it, and simulating both variants with all events recorded."""
    config = accelsim.load_config(path, overrides)
    start = time.process_time()
    plan = plan_network(config)
    experiment = run_experiment(config.machine, plan, config.run.variants)
    cpu_seconds = time.process_time() - start
    records = [layer.record for run in experiment.variants for layer in run.layers]
    distinct = {id(record): record for record in records}.values()
    events = [sum(len(account.executions) for account in record.accounts) for record in distinct]
    frames = accelsim.simulate(config).events  # pandas and its frames count towards the peak memory
    return {
        "events": len(frames),
        "cpu_seconds": cpu_seconds,
        "cycles": sum(record.cycles for record in records),
        "layers": len(records),
        "operations": sum(events),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def bare_timeout_seconds() -> float:
    """CPU seconds of one SimPy timeout in a process that does nothing else."""

    def ticking(environment: simpy.Environment) -> simpy.events.ProcessGenerator:
        for _ in range(BARE_TIMEOUTS):
            yield environment.timeout(1)

    environment = simpy.Environment()
    environment.process(ticking(environment))
    start = time.process_time()
    environment.run()
    return (time.process_time() - start) / BARE_TIMEOUTS


if __name__ == "__main__":
    if sys.argv[1:] == ["bare"]:
        print(json.dumps(bare_timeout_seconds()))
    else:
        print(json.dumps(simulation_cost(sys.argv[1], sys.argv[2:])))
