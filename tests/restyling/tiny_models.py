"""Inpainting models of diffusers so small that a test makes one: real pipelines with random weights."""

from __future__ import annotations

import json
from pathlib import Path

WORDS = [
    "a",
    "photo",
    "of",
    "person",
    "wearing",
    "red",
    "leather",
    "jacket",
    "dress",
    "stripes",
    "white",
    "bag",
]


def _tokenizer(folder: Path) -> object:
    """A CLIP tokenizer of letters and a few merges."""
    from transformers import CLIPTokenizer

    letters = [chr(number) for number in range(ord("a"), ord("z") + 1)]
    merges, pieces = [], []
    for word in WORDS:
        left = word[0]
        for place, letter in enumerate(word[1:], start=1):
            right = letter + ("</w>" if place == len(word) - 1 else "")
            if f"{left} {right}" not in merges:
                merges.append(f"{left} {right}")
                pieces.append(left + right)
            left += right
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *pieces, "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True)
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16)


def make_tiny(folder: Path, *, channels: int = 9, kind: str = "StableDiffusionInpaintPipeline") -> Path:
    """Write a pipeline of Stable Diffusion's kind (UNet, KL autoencoder, CLIP text encoder) to `folder`."""
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    tokenizer = _tokenizer(folder.parent / f"{folder.name}-words")
    unet = diffusers.UNet2DConditionModel(
        sample_size=32,
        in_channels=channels,
        out_channels=4,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=4,
        norm_num_groups=8,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        latent_channels=4,
        norm_num_groups=8,
        sample_size=64,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),  # type: ignore[arg-type]
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=16,
            bos_token_id=len(tokenizer) - 2,  # type: ignore[arg-type]
            eos_token_id=len(tokenizer) - 1,  # type: ignore[arg-type]
        )
    )
    pipe = getattr(diffusers, kind)(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=diffusers.DDIMScheduler(steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder


def make_tiny_flux(folder: Path) -> Path:
    """Write a FluxFill pipeline (transformer, CLIP and T5 text encoders), which is loaded by a way of its own."""
    import diffusers
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast, T5Config, T5EncoderModel

    torch.manual_seed(0)
    tokenizer = _tokenizer(folder.parent / f"{folder.name}-words")
    vocabulary = {
        word: number for number, word in enumerate(["<pad>", "</s>", "<unk>", *dict.fromkeys(WORDS)])
    }
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer_2 = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=16
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),  # type: ignore[arg-type]
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=16,
            projection_dim=32,
        )
    )
    text_2 = T5EncoderModel(
        T5Config(vocab_size=len(vocabulary), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    )
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1,
        in_channels=20,  # 8 of the picture, 8 of the masked one, 4 of the mask
        out_channels=8,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        guidance_embeds=True,
        axes_dims_rope=(4, 4, 8),
    )
    vae = diffusers.AutoencoderKL(
        sample_size=32,
        block_out_channels=(4,),
        layers_per_block=1,
        latent_channels=2,
        norm_num_groups=1,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.06,
        scaling_factor=1.5,
    )
    pipe = diffusers.FluxFillPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        text_encoder_2=text_2,
        tokenizer_2=tokenizer_2,
        transformer=transformer,
    )
    pipe.save_pretrained(folder, safe_serialization=True)
    return folder
