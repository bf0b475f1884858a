"""Makes records like those of a model hub, as JSON lines: the same for the same number.

Skewed as real hubs are: most models have no card worth the name, derivatives of popular models are many, a
few licenses are most. `python -m benchmarks.hub_data COUNT OUT.jsonl`; with `cards` behind that, what a card
states stands in `cardData`, as the Hub gives it, and the task stands there, too.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SEED = 20_261_127
AT_ONCE = 20_000
# One record in so many has an odd value; of these, one in so many is no record at all.
ODD = 2_000
BROKEN_OF_ODD = 10

POPULAR = 4_000
ORGANIZATIONS = 30_000
LICENSES: tuple[tuple[str, float], ...] = (
    *(('"apache-2.0"', 40), ('"mit"', 18), ('"llama3.1"', 5), ('"llama3"', 4), ('"llama2"', 4)),
    *(('"gemma"', 4), ('"cc-by-nc-4.0"', 5), ('"creativeml-openrail-m"', 4), ('"openrail"', 3)),
    *(('"cc-by-4.0"', 2), ('"llama3.2"', 2), ('"llama3.3"', 1), ('"unknown"', 1), ('"cc-by-sa-4.0"', 1)),
    *(('"gpl-3.0"', 0.7), ('"bsd-3-clause"', 0.5), ('"cc-by-nc-sa-4.0"', 0.8), ('"afl-3.0"', 0.5)),
    *(('"bigscience-bloom-rail-1.0"', 0.4), ('["mit","apache-2.0"]', 0.1), ('"unlicense"', 0.2)),
    ('"other","license_name":"qwen-research","license_link":"LICENSE"', 1),
    ('"other","license_name":"llama3","license_link":"LICENSE"', 0.6),
    ('"other","license_name":"tongyi-qianwen"', 0.5),
    ('"other","license_link":"https://www.apache.org/licenses/LICENSE-2.0"', 0.1),
    ('"other"', 1),
    ('""', 0.1),
)
RELATIONS = (("quantized", 0.35), ("finetune", 0.25), ("adapter", 0.2), ("merge", 0.05), ("", 0.15))
TASKS = (
    "text-generation",
    "text-classification",
    "text-to-image",
    "feature-extraction",
    "image-classification",
)
DATASETS = 2_000
FILES = {
    "full": "config.json generation_config.json model.safetensors special_tokens_map.json tokenizer.json",
    "shards": "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors tokenizer.json",
    "adapter": "adapter_config.json adapter_model.safetensors training_args.bin",
    "old": "config.json pytorch_model.bin tokenizer_config.json vocab.txt training_args.bin",
    "diffusion": "model_index.json unet/diffusion_pytorch_model.safetensors vae/diffusion_pytorch_model.bin",
    "none": "",
}
KINDS = (
    ("full", 0.35),
    ("shards", 0.1),
    ("adapter", 0.2),
    ("old", 0.15),
    ("diffusion", 0.05),
    ("none", 0.15),
)
ODD_FIELDS = (
    '"license":["mit",null]',
    '"license":false',
    '"license":7',
    '"base_model":"https://huggingface.co/org-0/model-0"',
    '"base_model":"my own model"',
    '"base_model":["org-0/model-0","./output"]',
    '"gated":"strange"',
    '"private":true',
    '"datasets":"private data"',
    '"cardData":{"license":"mit","base_model":"org-1/model-1"}',
    '"note":"caf\\u00e9 \\ud83d\\ude00"',
    '"note":"größer"',
)
BROKEN = ('{"id":"broken', '{"id":"a/b","id":"a/c"}', "[]", '{"sha":"no id"}', '{"id":"a/b","x":NaN}')


def name_of(number: int) -> str:
    """Return the id of the model of a number."""
    return f"org-{number % ORGANIZATIONS}/model-{number}"


def lines(count: int, *, cards: bool = False) -> Iterator[str]:
    """Yield so many lines without their ends."""
    generator = np.random.default_rng(SEED)
    for start in range(0, count, AT_ONCE):
        yield from _some(generator, start, min(AT_ONCE, count - start), cards)


def _choices(generator: np.random.Generator, table: tuple[tuple[str, float], ...], size: int) -> list[str]:
    weights = np.array([weight for _, weight in table])
    picked = generator.choice(len(table), size, p=weights / weights.sum())
    return [table[each][0] for each in picked]


def _some(generator: np.random.Generator, start: int, size: int, cards: bool) -> Iterator[str]:
    bases = np.minimum(generator.zipf(1.4, size), POPULAR) - 1
    near = generator.integers(0, np.maximum(np.arange(start, start + size), 1))
    zipped = zip(
        range(start, start + size),
        generator.random((size, 8)).tolist(),
        _choices(generator, LICENSES, size),
        _choices(generator, RELATIONS, size),
        _choices(generator, KINDS, size),
        np.where(generator.random(size) < 0.8, bases, near).tolist(),
        generator.integers(0, 2**63, size).tolist(),
        generator.integers(0, ODD, size).tolist(),
        strict=True,
    )
    for number, chance, license_, relation, kind, base, bits, odd in zipped:
        if odd == 0 and bits % BROKEN_OF_ODD == 0:
            yield BROKEN[bits // BROKEN_OF_ODD % len(BROKEN)]
            continue
        yield _line(number, chance, license_, relation, kind, base, bits, odd == 0, cards)


def _line(
    number: int,
    chance: list[float],
    license_: str,
    relation: str,
    kind: str,
    base: int,
    bits: int,
    odd: bool,
    cards: bool,
) -> str:
    sparse = chance[0] < 0.55
    derived = number > 0 and chance[1] < (0.15 if sparse else 0.6)
    if derived and relation == "quantized" and chance[2] < 0.6:
        names = " ".join(f"{name_of(base)[4:]}.{each}.gguf" for each in ("Q4_K_M", "Q5_K_M", "Q8_0"))
    else:
        names = FILES[kind]
    card = "" if sparse and chance[3] < 0.4 else "README.md "
    siblings = ",".join(f'{{"rfilename":"{each}"}}' for each in f".gitattributes {card}{names}".split())
    task = TASKS[bits % len(TASKS)]
    month, day = bits % 12 + 1, bits % 28 + 1
    sha = f"{bits:016x}{number:024x}"
    parts = [
        f'"_id":"{number:024x}","id":"{name_of(number)}","sha":"{sha}"',
        f'"createdAt":"2024-{month:02}-{day:02}T10:20:30.000Z","lastModified":"2025-{month:02}-{day:02}T01:02:03.000Z"',
        f'"disabled":false,"downloads":{bits % 997},"likes":{bits % 7}',
        f'"library_name":"transformers","siblings":[{siblings}]',
        f'"tags":["transformers","safetensors","{task}","region:us","arxiv:{bits % 2500:04}.{bits % 9999}"]',
    ]
    stated: list[str] = []
    if not sparse or chance[5] < 0.3:
        parts.append(f'"pipeline_tag":"{task}"')
    if (not sparse or chance[5] < 0.1) and not odd:
        stated.append(f'"license":{license_}')
    if "safetensors" in names and "adapter" not in names:
        parts.append(f'"safetensors":{{"parameters":{{"BF16":{bits % 10**10}}},"total":{bits % 10**10}}}')
    if derived and not odd:
        stated.append(_derived(relation, base, bits))
    if not sparse and chance[6] < 0.25 and not odd:
        stated.append(f'"datasets":["data-org/set-{bits % DATASETS}"]')
    if stated and cards:
        more = f'"library_name":"transformers","tags":["{task}"],"pipeline_tag":"{task}"'
        stated = [f'"cardData":{{{",".join((*stated, more))}}}']
    parts += stated
    if not odd:
        parts.append(f'"private":false,"gated":{_gate(chance[4])}')
    else:
        parts.append(ODD_FIELDS[bits % len(ODD_FIELDS)])
    return f"{{{','.join(parts)}}}"


def _gate(chance: float) -> str:
    return "false" if chance < 0.97 else '"auto"' if chance < 0.99 else '"manual"'


def _derived(relation: str, base: int, bits: int) -> str:
    more = f',"base_model_relation":"{relation}"' if relation else ""
    if relation == "merge":
        return f'"base_model":{json.dumps([name_of(base), name_of(bits % POPULAR)])}{more}'
    return f'"base_model":"{name_of(base)}"{more}'


def write(count: int, path: Path, *, cards: bool = False) -> None:
    """Write so many lines to a file."""
    with path.open("w", encoding="utf-8") as file:
        for line in lines(count, cards=cards):
            file.write(line + "\n")


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]), cards=sys.argv[3:] == ["cards"])
