"""The models of Whisper: their names, what they need, and which one a machine should run."""

from collections.abc import Iterable
from dataclasses import dataclass

MB = 1_000_000

STARTER = "starter"
"""The name that takes the embedded model (see :mod:`whisper_api.speech.starter`) and asks no hub."""


SMALLEST = "smallest"
"""The name that takes the smallest model there is, to save time while developing."""


@dataclass(frozen=True, slots=True)
class Model:
    """An official model, as converted for CTranslate2.

    ``repository`` and ``revision`` name one immutable state of its files on the model hub; ``sha256`` is the
    sum of its ``model.bin`` of ``size`` bytes (None where no two sources agree on one). ``rank`` orders
    models by what they need, which is also how well they listen.
    """

    name: str
    rank: int
    repository: str
    revision: str
    size: int
    sha256: str | None
    translates: bool = True

    @property
    def multilingual(self) -> bool:
        return not self.name.endswith(".en")

    @property
    def gpu_memory(self) -> int:
        """Bytes of GPU memory to have free before running it in float16: an estimate on the safe side.

        The weights are float16 on the hub, so ``size`` is what they take; to that come activations and the caches of
        a batch, which grow with the model (as much as the weights again), and CUDA's own context (700 MB).
        """
        return 2 * self.size + 700 * MB


def _systran(name: str, rank: int, revision: str, size: int, sha256: str | None) -> Model:
    repository = f"Systran/faster-whisper-{name}"
    return Model(name, rank, repository, revision, size, sha256, translates=not name.endswith(".en"))


# The revisions were looked up as several independent projects pin them.
CATALOGUE: tuple[Model, ...] = (
    _systran("tiny.en", 1, "0d3d19a32d3338f10357c0889762bd8d64bbdeba", 75_537_502,
             "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
    _systran("tiny", 1, "d90ca5fe260221311c53c58e660288d3deb8d356", 75_538_270,
             "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1"),
    _systran("base.en", 2, "3d3d5dee26484f91867d81cb899cfcf72b96be6c", 145_216_508,
             "2a166925539a16005f14ff328359f9b9adb9dc4fb631bb3b227526862e93e2ef"),
    _systran("base", 2, "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66", 145_217_532,
             "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
    _systran("small.en", 3, "d1d751a5f8271d482d14ca55d9e2deeebbae577f", 483_545_366,
             "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a"),
    _systran("small", 3, "536b0662742c02347bc0e980a01041f333bce120", 483_546_902,
             "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
    _systran("medium.en", 4, "a29b04bd15381511a9af671baec01072039215e3", 1_527_904_330,
             "11b220779aea4c6f3ce9d2549c8a95ea869ed84066864b999531ef53e594fe5b"),
    _systran("medium", 4, "08e178d48790749d25932bbc082711ddcfdfbc4f", 1_527_906_378,
             "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae"),
    Model("turbo", 5, "mobiuslabsgmbh/faster-whisper-large-v3-turbo", "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
          1_617_884_929, "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da",
          translates=False),  # it was trained to transcribe only
    _systran("large-v1", 6, "b07c8d4be0be90092aa01a29c975077acb8d15c9", 3_086_912_962, None),
    _systran("large-v2", 7, "f0fe81560cb8b68660e564f55dd99207059c092e", 3_086_912_962,
             "bf2a9746382e1aa7ffff6b3a0d137ed9edbd9670c3b87e5d35f5e85e70d0333a"),
    _systran("large-v3", 8, "edaa852ec7e145841d8ffdb056a99866b5f0a478", 3_087_284_237,
             "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
)  # fmt: skip

_ALIASES = {"large": "large-v3", "large-v3-turbo": "turbo"}
_BY_NAME = {model.name: model for model in CATALOGUE}
OFFICIAL_NAMES: tuple[str, ...] = (*_BY_NAME, *_ALIASES)


def named(name: str) -> Model | None:
    """The official model of that name or alias, or None."""
    return _BY_NAME.get(_ALIASES.get(name, name))


def candidates(limit: Model | None) -> list[Model]:
    """The models that may be run under ``limit``, best first: the limit itself, then all that are smaller.

    Under an English-only limit, English-only models come before multilingual ones of their size, since they hear
    English better; under any other there are none of them. ``turbo`` cannot translate, so it is only taken when it is
    the limit itself.
    """
    if limit is None:
        limit = _BY_NAME["large-v3"]
    others = [
        model
        for model in CATALOGUE
        if model is not limit
        and (model.rank < limit.rank or (model.rank == limit.rank and not limit.multilingual))
        and (model.multilingual or not limit.multilingual)
        and model.name != "turbo"
    ]
    return [limit, *sorted(others, key=lambda model: (-model.rank, model.multilingual))]


def smallest_first() -> list[Model]:
    """All multilingual models, for whoever wants any that works, and the smaller the better."""
    return sorted((model for model in CATALOGUE if model.multilingual), key=lambda model: model.rank)


def fitting(models: Iterable[Model], free_memory: int) -> list[Model]:
    """Those of ``models`` that run within ``free_memory`` bytes of a GPU, in the order given."""
    return [model for model in models if model.gpu_memory <= free_memory]
