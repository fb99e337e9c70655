"""Weights into a network from a file, a hub, or by a name its architecture knows, and a line that says what fitted."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from ewardrobe.errors import ModelError, UsageError
from ewardrobe.segmentation.catalogue import describe_model
from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.architectures.onnx_weights import graph_tensors, read_graph, state_by_order

__all__ = [
    "HUB",
    "HUB_FILES",
    "REPOSITORY",
    "SUFFIXES",
    "Loaded",
    "fit",
    "hub_file",
    "hub_folder",
    "hub_reachable",
    "load_weights",
    "read_state",
    "start_from",
]

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".onnx")
HUB = "huggingface.co"
REPOSITORY = re.compile(r"[\w-]+/[\w.-]+")
_SAVED = (b"P", b"\x80")  # a zip file, or a bare pickle
HUB_FILES = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True)
class Loaded:
    """What was taken from `source`: `taken` of the net's `total` tensors.

    Attributes:
        fresh: the net's parts that keep their random weights.
        unused: the source's parts that the net has no place for.
        held: batch norms whose statistics the source does not have (see `norms`).
    """

    source: str
    taken: int
    total: int
    fresh: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    held: int = 0

    def __str__(self) -> str:
        text = f"{self.source}: {self.taken} of {self.total} tensors"
        if self.fresh:
            text += f"; new: {', '.join(self.fresh)}"
        if self.unused:
            text += f"; not used: {', '.join(self.unused)}"
        if self.held:
            text += f"; {self.held} batch norms were folded and are held"
        return text


def start_from(
    net: SemanticNet,
    weights: str | None,
    names: Mapping[str, Callable[[], Mapping[str, Tensor]]] | None = None,
    *,
    hub: bool = False,
) -> None:
    """Give `net` the weights that `weights` names, in place; what was taken is then in `net.loaded`.

    Args:
        weights: None (nothing happens), a file, a folder with `model.safetensors`, or one of `names`.
        names: by name, what fetches a state dict.
        hub: `weights` may also be the name of a repository of the hub, `owner/name`.

    Raises:
        UsageError: it is neither a name nor a file.
        ModelError: it cannot be read or fetched, or is of another architecture.
    """
    if weights is None:
        return
    path = Path(weights).expanduser()
    if names and weights in names:
        net.loaded = str(fit(net, names[weights](), weights))
    elif path.is_dir():
        found = [path / name for name in HUB_FILES if (path / name).is_file()]
        if not found:
            raise ModelError(f"the folder {path} holds no {' or '.join(HUB_FILES)}")
        net.loaded = str(load_weights(net, found[0]))
    elif path.suffix in SUFFIXES:
        net.loaded = str(load_weights(net, path))
    elif hub and REPOSITORY.fullmatch(weights):
        net.loaded = str(load_weights(net, hub_file(weights)))
    else:
        known = "".join(f"{name}, " for name in names or ())
        raise UsageError(f"no weights {weights!r}: give {known}or a file ({', '.join(SUFFIXES)})")


def load_weights(net: SemanticNet, path: Path) -> Loaded:
    """Give `net` the weights in a file, in place; mean and std come along where an ONNX file's are known.

    Raises:
        ModelError: the file is missing, cannot be read, or is of another architecture.
    """
    if not path.is_file():
        raise ModelError(f"there is no file {path}")
    if path.suffix != ".onnx":
        return fit(net, read_state(path), path.name)
    graph = read_graph(path)
    side = 2 * net.divisor
    ordered = state_by_order(net, graph, torch.zeros(1, 3, side, side))
    report = fit(net, {**_aligned(net, graph_tensors(graph)), **ordered}, path.name, partial=True)
    # Whoever exported it, the weights expect their own mean and std; of an unknown model these are the net's.
    with contextlib.suppress(ModelError):
        known = describe_model(path)
        net.mean, net.std = known.mean, known.std
    return report


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors by name in a `.safetensors` or PyTorch file; no pickled code is run. ModelError if there are none."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ModelError(f"cannot read {path.name}: {' '.join(str(error).split())[:120]}") from None
    except safetensors.SafetensorError:
        raise ModelError(f"cannot read {path.name}: not a safetensors file") from None
    except pickle.UnpicklingError:
        with path.open("rb") as file:
            if file.read(1) not in _SAVED:
                raise ModelError(f"cannot read {path.name}: not a file that PyTorch saved") from None
        raise ModelError(
            f"{path.name} holds more than tensors and would run code when it is read: save its state dict"
        ) from None
    for key in ("state_dict", "model_state_dict", "model", "net"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise ModelError(f"{path.name} holds no tensors by name")
    state = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not state:
        raise ModelError(f"{path.name} holds no tensors by name")
    return state


def fit(net: SemanticNet, state: Mapping[str, Tensor], source: str, *, partial: bool = False) -> Loaded:
    """Load what fits of `state` into `net`: its encoder at least, and all but the head where the rest is there.

    What depends on the number of classes (`net.heads`) stays as it is where the shapes differ. Names may carry a
    prefix more or less than the net's.

    Args:
        partial: parts that `state` has and the net has not are no matter (an ONNX graph's constants).

    Raises:
        ModelError: a tensor has another shape, or the encoder is not all there.
    """
    own = net.state_dict()
    state = _aligned(net, state)
    usable = {name: value for name, value in state.items() if name in own}
    heads = tuple(net.heads)
    other = {name for name, value in usable.items() if value.shape != own[name].shape}
    wrong = sorted(name for name in other if not name.startswith(heads))
    wanted = {id(parameter) for parameter in net.encoder_parameters()}
    missing = [n for n, p in net.named_parameters() if id(p) in wanted and n not in usable]
    if missing:
        raise ModelError(
            f"{source} is of another architecture: it has no {missing[0]}, nor {len(missing) - 1} others"
        )
    if wrong:
        theirs, ours = tuple(usable[wrong[0]].shape), tuple(own[wrong[0]].shape)
        raise ModelError(f"{source} is of another architecture: {wrong[0]} is {theirs} there, {ours} here")
    # Outputs for other classes are of no use, not even where a shape happens to fit.
    if other:
        other = {name for name in usable if name.startswith(heads)}
    taken = {name: value for name, value in usable.items() if name not in other}
    net.load_state_dict(taken, strict=False)
    counted = [name for name in own if not name.endswith("num_batches_tracked")]
    return Loaded(
        source,
        sum(name in taken for name in counted),
        len(counted),
        _parts(name for name in counted if name not in taken),
        () if partial else _parts(name for name in state if name not in own),
        sum(name.endswith("num_batches_tracked") and int(value) < 0 for name, value in taken.items()),
    )


def hub_file(name: str, revision: str | None = None) -> Path:
    """The weights of the hub's repository `name`, downloaded or from its cache.

    Raises:
        ModelError: the hub cannot be reached, or has no such repository.
    """
    import huggingface_hub

    for file in HUB_FILES:
        cached = huggingface_hub.try_to_load_from_cache(name, file, revision=revision)
        if isinstance(cached, str):
            return Path(cached)
    if not hub_reachable():
        raise ModelError(f"cannot get {name}: {HUB} is not reached; download it, and give its folder or file")
    failure: Exception | None = None
    for file in HUB_FILES:
        try:
            return Path(huggingface_hub.hf_hub_download(name, file, revision=revision))
        except (OSError, ValueError, RuntimeError) as error:
            failure = error
    raise ModelError(f"cannot get {name} from {HUB}: {' '.join(str(failure).split())[:120]}")


def hub_folder(name: str, others: Sequence[str] = ()) -> Path:
    """The folder in the hub's cache with the weights of its repository `name` and those of the files `others` it has.

    Raises:
        ModelError: the hub cannot be reached and they are not in its cache, or there is no such repository.
    """
    import huggingface_hub

    if not hub_reachable():
        return hub_file(name).parent
    try:
        for file in HUB_FILES:
            folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=[file, *others]))
            if (folder / file).is_file():
                return folder
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot get {name} from {HUB}: {' '.join(str(error).split())[:120]}") from None
    raise ModelError(f"the repository {name} of {HUB} holds no {' or '.join(HUB_FILES)}")


def hub_reachable() -> bool:
    """Whether the hub's name resolves, or a proxy may resolve it; the hub's own client retries for half a minute."""
    if any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HF_ENDPOINT")):
        return True
    try:
        socket.getaddrinfo(HUB, 443)
    except OSError:
        return False
    return True


def _aligned(net: SemanticNet, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state` by `net`'s names: those it had under another release, a prefix more or less."""
    own = list(net.state_dict())
    renamed = {net.rename(name): value for name, value in state.items()}
    ends = [own[0], own[len(own) // 2], own[-1]]
    extra = {name.removesuffix(end) for end in ends for name in renamed if name.endswith(end)}
    lacking = {
        mine.removesuffix(name) for name in list(renamed)[:3] for mine in own if mine.endswith("." + name)
    }
    candidates = [
        renamed,
        *({n.removeprefix(p): v for n, v in renamed.items()} for p in sorted(extra) if p),
        *({p + n: v for n, v in renamed.items()} for p in sorted(lacking)),
    ]
    names = set(own)
    return max(candidates, key=lambda candidate: len(names & candidate.keys()))


def _parts(names: Iterable[str]) -> tuple[str, ...]:
    """The modules that `names` belong to, the first level of them; at most six."""
    parts = list(dict.fromkeys(re.split(r"\.", name)[0] for name in names))
    return (*parts[:6], f"{len(parts) - 6} more") if len(parts) > 6 else tuple(parts)
