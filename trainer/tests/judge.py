"""An independent judge of plans, after the rules in the comments of schemas/plan.ts."""

import math
import re

from exemplar_data.contract import LEVELS


def faults(plan, condition) -> list[str]:
    found, ids = [], []

    def check(nodes, level, first, where):
        kinds = [node["kind"] for node in nodes]
        other = {"state": "action", "action": "state"}[first]
        if len(kinds) < 3 or len(kinds) % 2 == 0 or set(kinds[::2]) != {first} or set(kinds[1::2]) != {other}:
            found.append(f"{where}: {kinds}")
        for node in nodes:
            ids.append(node["id"])
            if node["level"] != level:
                found.append(f"{node['id']}: level {node['level']}, not {level}")
            if node["kind"] == "state":
                if not node["text"].strip() or node.keys() != {"kind", "id", "level", "text"}:
                    found.append(f"{node['id']}: no state")
                continue
            if not (0 <= node["success"] <= 1 and 0 <= node["durationS"] < math.inf):
                found.append(f"{node['id']}: success {node['success']}, duration {node['durationS']}")
            if any(resource["amount"] < 0 or not resource["name"] for resource in node["resources"]):
                found.append(f"{node['id']}: resources")
            if any(not 0 <= cost["amount"] <= 1 or not cost["on"] for cost in node["moralCost"]):
                found.append(f"{node['id']}: moral cost")
            if node["children"]:
                place = LEVELS.index(level)
                check(node["children"], LEVELS[place - 1], "action", node["id"])
                if place == 0 or LEVELS[place - 1] not in condition.horizon:
                    found.append(f"{node['id']}: a sub-plan below the finest level")

    nodes = plan["nodes"]
    check(nodes, condition.horizon[-1], "state", "top")
    if len(set(ids)) != len(ids):
        found.append("ids repeat")
    numbers = [int(id_[1:]) for id_ in ids if re.fullmatch(r"n[1-9]\d*", id_)]
    named = {"s0"} if condition.target is None else {"s0", "g"}
    if {id_ for id_ in ids if not re.fullmatch(r"n[1-9]\d*", id_)} != named or plan["nextId"] <= max(numbers, default=0):
        found.append(f"ids {ids}, next {plan['nextId']}")
    if (nodes[0]["id"], nodes[0]["text"]) != ("s0", condition.initial):
        found.append("the first state is not the initial one")
    if condition.target is not None and nodes[-1]["id"] != "g":
        found.append("the last state is not the target")
    if condition.target is not None and plan["stance"] == "pursue" and nodes[-1]["text"] != condition.target:
        found.append("it pursues another target")
    if plan["stance"] not in ("pursue", "palliate", "decline") or (plan["stance"] != "pursue" and not plan["stanceArgument"].strip()):
        found.append(f"stance {plan['stance']} with {plan['stanceArgument']!r}")
    return found
