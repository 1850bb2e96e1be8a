// A network as an ONNX file (opset 17), which other runtimes execute. Every network
// exports as it runs (graph.h), with nothing to write for it.
//
// ONNX users feed [N,C,H,W]: activations that are NHWC here are NCHW there, filters KRSC become
// KCRS, and dense weights stay, since Flatten already orders its features by channel.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/module.h"

namespace hilum {

// One input "image" [N,C,H,W] for images of shape [1,H,W,C], one output "logits" [N,classes].
// `metadata` becomes metadata_props. The network is on the CPU; its mode is put back. Usage error
// where an operation has no form in ONNX or this build has no ONNX library; check error where the
// library's own checker refuses the model.
void write_onnx(const std::filesystem::path& path, Module& net, const Shape& image,
                const std::map<std::string, std::string>& metadata);

}  // namespace hilum
