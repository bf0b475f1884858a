"""Records of a hub for tests: plain ones, odd lines, chains and whole files made from a seed."""

import json
import random
from collections.abc import Iterator
from typing import Any


def record(id_: str, **fields: Any) -> dict[str, Any]:
    """Return a record with weights and a card."""
    files = [{"rfilename": each} for each in (".gitattributes", "README.md", "model.safetensors")]
    return {"id": id_, "siblings": files, "gated": False, **fields}


def jsonl(*records: dict[str, Any] | bytes) -> bytes:
    """Return records as lines, those in bytes as they stand."""
    return b"".join(
        (each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n" for each in records
    )


def chain(length: int) -> Iterator[dict[str, Any]]:
    """Yield models of which each is made from the one before it."""
    for number in range(length):
        base = {"base_model": f"m/{number - 1}"} if number else {}
        yield record(f"m/{number}", license=f"license-{number}", **base)


# Lines that are odd in one way each, most of them records all the same.
ODD = (
    b'{"id":"a"}',
    b' { "id" : "a/b" } \r',
    b'\xef\xbb\xbf{"id":"a"}',
    b'{"id":"a","x":1e999}',
    b'{"id":"a"} {"id":"b"}',
    b'{"id":"a","x":{"y":1}',
    b'{"id":"a","license":7}',
    b'{"id":"a","license":true}',
    b'{"id":"a","license":{"a":1}}',
    b'{"id":"a","license":["mit",["gpl-3.0"],null]}',
    b'{"id":"a","license":""}',
    b'{"id":"a","license":"unlicensed"}',
    b'{"id":"a","license":"other","license_name":3}',
    b'{"id":"a","license":"other","license_name":"\\u006dit"}',
    b'{"id":"a","base_model":["c/d",7,"our own","https://huggingface.co/e/f/","a"," "]}',
    b'{"id":"a","base_model":{"c":"d"},"base_model_relation":"merge"}',
    b'{"id":"a","base_model":"c/d","base_model_relation":"Merge"}',
    b'{"id":"a","base_model":"c/d","base_model_relation":["merge"]}',
    b'{"id":"a","base_model":"a"}',
    b'{"id":"a","datasets":"a set"}',
    b'{"id":"a","datasets":[""," "]}',
    b'{"id":"a","datasets":[{"name":"x"},"y"]}',
    b'{"id":"a","gated":"auto","siblings":[{"rfilename":"a.gguf"}]}',
    b'{"id":"a","gated":true,"siblings":[{"rfilename":"a.gguf","size":3}]}',
    b'{"id":"a","gated":"by letter"}',
    b'{"id":"a","gated":0}',
    b'{"id":"a","private":"true","disabled":false}',
    b'{"id":"a","siblings":[{"rfilename":null},{},7,{"rfilename":"a.bin"}]}',
    b'{"id":"a","siblings":{"rfilename":"a.bin"}}',
    b'{"id":"a","createdAt":"2024-02-30T1\\n2"}',
    b'{"id":"a","createdAt":"yesterday"}',
    b'{"id":"a","createdAt":20240230}',
    b'{"id":"a","safetensors":{"total":7e3}}',
    b'{"id":"a","safetensors":{"total":-0}}',
    b'{"id":"a","safetensors":{"total":0}}',
    b'{"id":"a","safetensors":{"total":"70"}}',
    b'{"id":"a","safetensors":{"total":123456789012345678901234567890}}',
    b'{"id":"a","safetensors":[]}',
    b'{"id":"a","cardData":null,"sha":""}',
    b'{"id":"a","cardData":[],"pipeline_tag":"x"}',
    b'{"id":"a","cardData":{"license":["mit"],"pipeline_tag":"x","base_model":"c/d"},"license":null}',
    b'{"id":"a","pipeline_tag":"x","cardData":{"pipeline_tag":"y","license":"mit"},"license":"gpl-3.0"}',
    b'{"id":"a","cardData":{"license":"mit","license":"gpl-3.0"}}',
    b'{"id":"a","license":"mit","cardData":{"license":"mit"},"license":"gpl-3.0"}',
    b'{"id":"a","license":"mit","cardData":{"license":"mit","license":"gpl-3.0"}}',
    b'{"id":"a","cardData":{"license":"mit"},"cardData":{"base_model":"c/d"}}',
    b'{"id":"a","cardData":{"cardData":{"license":"mit"}}}',
    b'{"id":"a","cardData":{"license":7,"pipeline_tag":"x"},"pipeline_tag":"x"}',
    b'{"id":"a","cardData":{"siblings":[{"rfilename":"a.bin"}]},"siblings":[{"rfilename":"b.bin"}]}',
    b'{"id":"a","cardData":{"license":"mit","x":{"license":"gpl-3.0"}}}',
    b'{"id":"a","cardData":{"rfilename":"a.bin","rfilename":"b.bin"}}',
    b'{"cardData":{"id":"b"},"id":"a","siblings":[{"rfilename":"a.bin","rfilename":"README.md"}]}',
    '{"id":"a","license":"größer","x":"😀"}'.encode(),
    b'{"id":"a","x":"\\ud83d\\ude00","license":"m\\u0069t"}',
    b'{"id":"a","x":' + b"[" * 150 + b"]" * 150 + b"}",
    b"[",
    b"null",
    b'{"id":null}',
    b'{"id":"a",}',
    b'{"id":"a","id":"a"}',
)

_LICENSES: tuple[Any, ...] = (
    *(None, None, "mit", "apache-2.0", "llama3", "cc-by-nc-4.0", "other", "", "unknown"),
    *(["mit", "apache-2.0"], ["mit", "other"], False, 7, "MIT OR GPL-3.0-only", "gpl-3.0 AND mit", " mit "),
)
_FILES = (
    (),
    ("README.md",),
    ("model.safetensors",),
    ("README.md", "a.gguf", "b.gguf"),
    ("MOF.json", "modeling_a.py"),
)
_BASES: tuple[Any, ...] = ("words", "https://huggingface.co/u/unknown-1", "u/unknown-2", "../odd")


def some(seed: int, count: int) -> list[dict[str, Any]]:
    """Return records that are made from each other in all manners, cycles and missing bases included."""
    random_ = random.Random(seed)
    return [_one(random_, number, count) for number in range(count)]


def _one(random_: random.Random, number: int, count: int) -> dict[str, Any]:
    found: dict[str, Any] = {"id": f"o/m-{number}"}
    options: dict[str, tuple[Any, ...]] = {
        "sha": (None, "abc"),
        "createdAt": (None, "2024-05-06T07:08:09.000Z", "odd"),
        "pipeline_tag": (None, "text-generation"),
        "gated": (None, False, False, "auto", "manual", True, "odd"),
        "private": (None, False, False, False, True),
        "license": _LICENSES,
        "license_name": (None, None, "llama3", "house rules"),
        "license_link": (None, None, "LICENSE", "https://opensource.org/license/mit"),
        "base_model_relation": (None, "finetune", "adapter", "quantized", "merge", "odd"),
        "datasets": (None, None, None, ["a/set"], ["a/set", "b/set"], "one set", []),
        "safetensors": (None, {"total": 7}, {"total": 1e30}),
    }
    for field, values in options.items():
        if (value := random_.choice(values)) is not None:
            found[field] = value
    found["siblings"] = [{"rfilename": each} for each in random_.choice(_FILES)]
    bases = random_.choices((0, 1, 2, 3), (4, 6, 2, 1))[0]
    if bases:
        picked = [_base(random_, number, count) for _ in range(bases)]
        found["base_model"] = picked[0] if len(picked) == 1 and random_.random() < 0.7 else picked
    if random_.random() < 0.3:
        card = [each for each in ("license", "base_model", "datasets") if each in found]
        found["cardData"] = {each: found.pop(each) for each in card}
        if "pipeline_tag" in found:
            found["cardData"]["pipeline_tag"] = "other-task"
    return found


def _base(random_: random.Random, number: int, count: int) -> Any:
    if random_.random() < 0.15:
        return random_.choice(_BASES)
    # Mostly one that stands before; sometimes any, which makes cycles.
    above = count if random_.random() < 0.1 else max(number, 1)
    return f"o/m-{random_.randrange(above)}"


_VALUES: dict[str, tuple[str, ...]] = {
    "license": ('"mit"', '["mit","gpl-3.0"]', "null", "[]", "7", '""'),
    "license_name": ('"llama3"', "null"),
    "base_model": ('"a/b"', '["a/b","c/d"]', '"words here"', "null", '"o/m-1"'),
    "base_model_relation": ('"merge"', '"finetune"'),
    "datasets": ('["d/e"]', '"d"', "[]"),
    "pipeline_tag": ('"task"', "null"),
    "sha": ('"s"', '""', "null"),
    "createdAt": ('"2024-01-02T00:00:00Z"', '"odd"'),
    "gated": ("false", '"auto"', '"odd"'),
    "private": ("true", "false"),
    "siblings": ('[{"rfilename":"a.bin"}]', '[{"rfilename":"README.md"},{"rfilename":"a.py"}]', "null", "[]"),
    "safetensors": ('{"total":7}', '{"total":null}'),
    "rfilename": ('"z"',),
    "total": ("3",),
    "_id": ('"\\u0061"', '"größe"', '"h:\\"license\\":"', '{"license":"mit"}', "[[1]]", "1e5"),
}


def mixed(seed: int, count: int) -> list[bytes]:
    """Return lines with keys of records in all places: at the top, in cards and below, some of them twice."""
    random_ = random.Random(seed)
    return [_mixed_line(random_, number) for number in range(count)]


def _mixed_line(random_: random.Random, number: int) -> bytes:
    text = _mapping(random_, f'"o/m-{number}"', 0)
    if random_.random() < 0.01:
        text = random_.choice((text[:-1], text + text, "[]", f" {text} ", text.replace('"', "", 1)))
    return text.encode()


def _mapping(random_: random.Random, id_: str, depth: int) -> str:
    names = ["id"] * (depth == 0)
    names += random_.choices((*_VALUES, "cardData"), k=random_.randrange(7))
    if random_.random() < 0.8:
        names = list(dict.fromkeys(names))
    random_.shuffle(names)
    return f"{{{','.join(_pair(random_, name, id_, depth) for name in names)}}}"


def _pair(random_: random.Random, name: str, id_: str, depth: int) -> str:
    if name == "cardData" and depth < 2 and random_.random() < 0.9:
        value = _mapping(random_, id_, depth + 1)
    elif name == "id":
        value = id_
    else:
        value = random_.choice(_VALUES.get(name, ("null", "[]", "7")))
    written = name if random_.random() < 0.99 else "".join(f"\\u{ord(each):04x}" for each in name)
    return f'"{written}"{random_.choice(("", "", "", " "))}:{random_.choice(("", " "))}{value}'
