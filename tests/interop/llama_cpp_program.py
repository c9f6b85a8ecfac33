"""Serves a tiny random model with llama.cpp's own server; runs in that server's environment.

    python llama_cpp_program.py PORT

The model knows bytes only, so that it needs no vocabulary from elsewhere: what it says is noise.
"""

# mypy: ignore-errors

import sys
import time

import gguf
import numpy
import xllamacpp

EMBEDDING, HEADS, INNER, LAYERS, CONTEXT = 64, 4, 128, 2, 4096
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "


def write_model(path):
    """Write the weights and the vocabulary as GGUF."""
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([2, 3, 3] + [6] * 256)  # unknown, control, byte
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(CHAT)
    random = numpy.random.default_rng(1)

    def add(name, *shape):
        writer.add_tensor(f"{name}.weight", (random.standard_normal(shape) * 0.3).astype("f4"))

    def add_norm(name):
        writer.add_tensor(f"{name}.weight", numpy.ones(EMBEDDING, "f4"))

    add("token_embd", len(tokens), EMBEDDING)
    add("output", len(tokens), EMBEDDING)
    add_norm("output_norm")
    for layer in range(LAYERS):
        add_norm(f"blk.{layer}.attn_norm")
        add_norm(f"blk.{layer}.ffn_norm")
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}", EMBEDDING, EMBEDDING)
        add(f"blk.{layer}.ffn_gate", INNER, EMBEDDING)
        add(f"blk.{layer}.ffn_up", INNER, EMBEDDING)
        add(f"blk.{layer}.ffn_down", EMBEDDING, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def serve(path, port):
    """Serve the model until this process ends."""
    options = xllamacpp.CommonParams()
    options.model.path = path
    options.model_alias = {"tiny-random"}
    options.n_ctx = 2048  # 1024 for each of the two slots
    options.n_parallel = 2
    options.warmup = False
    options.use_jinja = True
    options.hostnames = ["127.0.0.1"]
    options.port = port
    options.cpuparams.n_threads = 1
    server = xllamacpp.Server(options)
    while server:  # it serves from threads of its own for as long as it is held
        time.sleep(60)


if __name__ == "__main__":
    write_model("tiny.gguf")
    serve("tiny.gguf", int(sys.argv[1]))
