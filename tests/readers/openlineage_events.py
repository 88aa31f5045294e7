"""Reads events as OpenLineage's own client has them: its classes are generated from the specification.

openlineage_events.py FILE: a line an event. Each object is made by the class that the specification's schema became: a field that is
required and lacking, one that is unknown, or one of another type ends it. A facet is made by the class that its `_schemaURL` names, and
is of no version that the client does not know. Prints how many events, facets and kinds of facets there were.
"""
import importlib
import json
import pkgutil
import re
import sys
import typing

import attr
import openlineage.client.generated as generated
from openlineage.client.generated import base

CLASSES = {}
for found in pkgutil.iter_modules(generated.__path__):
    module = importlib.import_module(f"openlineage.client.generated.{found.name}")
    CLASSES |= {name: of for name, of in vars(module).items() if isinstance(of, type) and attr.has(of)}
FACET = re.compile(r"https://openlineage\.io/spec/facets/(\d+)-(\d+)-(\d+)/(\w+)\.json#/\$defs/(\w+)")
facets = []


def made(kind, value, at):
    """The value as the class or type has it."""
    if typing.get_origin(kind) is typing.Union or type(kind).__name__ == "UnionType":
        kinds = typing.get_args(kind)
        if value is None:
            assert type(None) in kinds, f"{at} is null"
            return None
        errors = []
        for kind in kinds:
            if kind is not type(None):
                try:
                    return made(kind, value, at)
                except (TypeError, AssertionError, ValueError) as error:
                    errors.append(str(error))
        raise TypeError(f"{at}: {errors}")
    if typing.get_origin(kind) is list:
        assert isinstance(value, list), f"{at} is no list"
        return [made(typing.get_args(kind)[0], one, f"{at}/{place}") for place, one in enumerate(value)]
    if typing.get_origin(kind) is dict:
        assert isinstance(value, dict), f"{at} is no object"
        return {key: made(typing.get_args(kind)[1], one, f"{at}/{key}") for key, one in value.items()}
    if kind is typing.Any or isinstance(kind, str):
        return value
    if attr.has(kind):
        return facet(kind, value, at) if issubclass(kind, base.BaseFacet) else whole(kind, value, at)
    if issubclass(kind, base.EventType):
        return kind(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    assert is_number if kind is float else isinstance(value, kind), f"{at} is no {kind.__name__}: {value!r}"
    return value


def whole(kind, value, at, without=()):
    assert isinstance(value, dict), f"{at} is no object"
    hints = typing.get_type_hints(kind, vars(typing) | vars(base) | vars(sys.modules[kind.__module__]) | CLASSES)
    fields = {key: one for key, one in value.items() if key not in without}
    try:
        return kind(**{key: made(hints[key], one, f"{at}/{key}") for key, one in fields.items()})
    except KeyError as unknown:
        raise TypeError(f"{at}: {unknown} is no field of {kind.__name__}") from None
    except TypeError as error:
        raise TypeError(f"{at}: {error}") from None


def facet(kind, value, at):
    """A facet: the class is the one that its own schema names, and one of those that may stand here."""
    assert value.get("_producer"), f"{at} lacks _producer"
    *version, file, name = FACET.fullmatch(value["_schemaURL"]).groups()
    of = CLASSES[name]
    *newest, _, known = FACET.fullmatch(of._get_schema()).groups()
    assert (file, name) == (known, known), f"{at}: {value['_schemaURL']}"
    assert version[0] == newest[0] and [int(n) for n in version] <= [int(n) for n in newest], f"{at}: {version}"
    assert issubclass(of, kind), f"{at}: {name} is no {kind.__name__}"
    facets.append(name)
    return whole(of, value, at, ("_producer", "_schemaURL"))


events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
for event in events:
    assert event["schemaURL"] == base.RunEvent._get_schema(), event["schemaURL"]
    assert event["producer"] and event["eventType"]
    whole(base.RunEvent, event, event["eventType"], ("schemaURL",))
print(len(events), len(facets), len(set(facets)))
