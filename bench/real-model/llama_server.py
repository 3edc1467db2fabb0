"""Starts llama.cpp's Python server with its command line, on weights that are not repacked for this processor.

Where a processor has AMX tiles, llama.cpp repacks quantised weights for them, and its AMX kernel was seen to crash at the
first prompt (SIGSEGV in ggml_backend_amx_mul_mat, llama-cpp-python 0.3.36; https://github.com/ggml-org/llama.cpp/issues/20824).
The server has no option for it.
"""

from llama_cpp import llama_cpp
from llama_cpp.server.__main__ import main

defaults = llama_cpp.llama_model_default_params


def without_repacking() -> llama_cpp.llama_model_params:
    params = defaults()
    params.use_extra_bufts = False
    return params


llama_cpp.llama_model_default_params = without_repacking
main()
