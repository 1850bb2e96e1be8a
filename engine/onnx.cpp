// Operation by operation from the recorded graph to ONNX nodes.
#include "engine/onnx.h"

#include <algorithm>
#include <set>

#include "engine/file.h"
#include "engine/graph.h"
#include "engine/scope.h"
#include "kernels/error.h"

#ifdef HILUM_HAVE_ONNX
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#endif

namespace hilum {

#ifndef HILUM_HAVE_ONNX

void write_onnx(const std::filesystem::path& path, Module&, const Shape&,
                const std::map<std::string, std::string>&) {
  throw usage_error(
      "{}: this build has no ONNX library (Debian packages libonnx-dev and libprotobuf-dev). "
      "Install "
      "them and build again, or write safetensors.",
      path.string());
}

#else

namespace {

class OnnxWriter {
 public:
  explicit OnnxWriter(const Graph& source) : source_(source), values_(source.values.size()) {
    model_.set_ir_version(8);
    model_.set_producer_name("hilum");
    onnx::OperatorSetIdProto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(17);
    graph_ = model_.mutable_graph();
    graph_->set_name("network");
  }

  void write(const std::map<std::string, std::string>& metadata) {
    const Shape& image = source_.values[0];
    describe(graph_->add_input(), "image", {image[3], image[1], image[2]});
    values_[0] = "image";
    for (const GraphNode& a : source_.nodes) values_[a.output] = add(a);
    node("Identity", "logits", {values_[source_.output]}, "logits");
    describe(graph_->add_output(), "logits", {source_.values[source_.output][1]});
    for (const auto& [key, value] : metadata) {
      onnx::StringStringEntryProto* entry = model_.add_metadata_props();
      entry->set_key(key);
      entry->set_value(value);
    }
  }

  std::string bytes(const std::string& path) const {
    if (model_.ByteSizeLong() > std::size_t{0x7fffffff}) {
      throw usage_error("{}: the model takes {} bytes, an ONNX file at most 2^31 - 1.", path,
                        model_.ByteSizeLong());
    }
    try {
      onnx::checker::check_model(model_);
    } catch (const std::exception& error) {
      throw Error(ErrorKind::check,
                  fmt::format("{}: the ONNX checker refuses the model: {}", path, error.what()));
    }
    return model_.SerializeAsString();
  }

 private:
  // The nodes of one operation; gives the name of its result.
  std::string add(const GraphNode& a) {
    const std::string name = unique(join_path(a.path, a.op));
    if (a.op == "conv2d") return convolution(name, a);
    if (a.op == "dense") return dense(name, a);
    if (a.op == "bias") return bias(a);
    if (a.op == "batch_norm") return batch_norm(name, a);
    if (a.op == "max_pool" || a.op == "avg_pool") return pool(name, a);
    if (a.op == "adaptive_avg_pool") return adaptive_pool(name, a);
    if (a.op == "flatten") return flatten(name, value_of(a));
    if (a.op == "global_avg_pool") {
      const std::string pooled = name + "_map";
      node("GlobalAveragePool", name, {value_of(a)}, pooled);
      return flatten(name + "_flat", pooled);
    }
    if (a.op == "zero_pad") return pad(name, a);
    if (a.op == "relu6") {
      return plain("Clip", name,
                   {value_of(a), constant("zero", {}, {0}), constant("six", {}, {6})});
    }
    std::vector<std::string> inputs;
    for (std::size_t i = 0; i < a.inputs.size(); ++i) inputs.push_back(value_of(a, i));
    if (a.op == "concat") {
      integer(node("Concat", name, inputs, name), "axis", 1);
      return name;
    }
    const std::map<std::string, const char*> types = {
        {"relu", "Relu"}, {"sigmoid", "Sigmoid"}, {"add", "Add"}};
    if (!types.contains(a.op)) {
      throw usage_error("ONNX: operation '{}' of layer '{}' has no form there.", a.op, a.path);
    }
    return plain(types.at(a.op), name, inputs);
  }

  // A float value of [N, sizes...].
  void describe(onnx::ValueInfoProto* info, const std::string& name,
                const std::vector<std::size_t>& sizes) {
    info->set_name(name);
    onnx::TypeProto_Tensor* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto_DataType_FLOAT);
    type->mutable_shape()->add_dim()->set_dim_param("N");
    for (const std::size_t size : sizes) {
      type->mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(size));
    }
  }

  std::string unique(const std::string& name) {
    const std::size_t before = used_[name]++;
    return before == 0 ? name : fmt::format("{}_{}", name, before + 1);
  }

  // The name of an operation's input that another operation made.
  std::string value_of(const GraphNode& a, std::size_t input = 0) const {
    const GraphInput& from = a.inputs[input];
    if (!from.is_value() || values_[from.value].empty()) {
      throw usage_error("ONNX: layer '{}' takes a tensor {} that no operation has made.", a.path,
                        shape_of(from).str());
    }
    return values_[from.value];
  }
  const Shape& shape_of(const GraphInput& input) const {
    return input.is_value() ? source_.values[input.value] : input.parameter.shape();
  }

  onnx::NodeProto* node(const char* type, const std::string& name,
                        const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto* node = graph_->add_node();
    node->set_op_type(type);
    node->set_name(name);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return node;
  }

  // A node whose result bears its name.
  std::string plain(const char* type, const std::string& name,
                    const std::vector<std::string>& inputs) {
    node(type, name, inputs, name);
    return name;
  }

  static onnx::AttributeProto* attribute(onnx::NodeProto* node, const char* name,
                                         onnx::AttributeProto_AttributeType type) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }
  static void integer(onnx::NodeProto* node, const char* name, std::int64_t value) {
    attribute(node, name, onnx::AttributeProto_AttributeType_INT)->set_i(value);
  }
  static void real(onnx::NodeProto* node, const char* name, float value) {
    attribute(node, name, onnx::AttributeProto_AttributeType_FLOAT)->set_f(value);
  }
  static void integers(onnx::NodeProto* node, const char* name, const std::vector<double>& values) {
    onnx::AttributeProto* list = attribute(node, name, onnx::AttributeProto_AttributeType_INTS);
    for (const double value : values) list->add_ints(static_cast<std::int64_t>(value));
  }

  // A constant of the graph; the same name is stored once.
  std::string constant(const std::string& name, const std::vector<std::size_t>& sizes,
                       const std::vector<float>& values) {
    if (!constants_.insert(name).second) return name;
    onnx::TensorProto* tensor = graph_->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto_DataType_FLOAT);
    for (const std::size_t size : sizes) tensor->add_dims(static_cast<std::int64_t>(size));
    tensor->set_raw_data(values.data(), values.size() * sizeof(float));
    return name;
  }

  static const GraphInput& weight_of(const GraphNode& a, std::size_t input) {
    if (a.inputs[input].name.empty()) {
      throw usage_error("ONNX: layer '{}' uses a weight that is no parameter of the network.",
                        a.path);
    }
    return a.inputs[input];
  }

  // As it lies; for vectors and dense weights.
  std::string plain_weight(const GraphNode& a, std::size_t input) {
    const GraphInput& weight = weight_of(a, input);
    const Shape& shape = weight.parameter.shape();
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < shape.rank(); ++i) sizes.push_back(shape[i]);
    return constant(weight.name, sizes, weight.parameter.values());
  }

  std::string convolution(const std::string& name, const GraphNode& a) {
    const GraphInput& weight = weight_of(a, 1);
    const Shape& w = weight.parameter.shape();  // KRSC
    const std::size_t taps = w[1] * w[2];
    const std::vector<float> krsc = weight.parameter.values();
    std::vector<float> kcrs(krsc.size());
    for (std::size_t k = 0; k < w[0]; ++k)
      for (std::size_t t = 0; t < taps; ++t)
        for (std::size_t c = 0; c < w[3]; ++c)
          kcrs[(k * w[3] + c) * taps + t] = krsc[(k * taps + t) * w[3] + c];
    const std::string filters = constant(weight.name, {w[0], w[3], w[1], w[2]}, kcrs);
    onnx::NodeProto* conv = node("Conv", name, {value_of(a), filters}, name);
    const auto at = [&](const char* key) { return a.attributes.at(key); };
    integers(conv, "kernel_shape", {static_cast<double>(w[1]), static_cast<double>(w[2])});
    integers(conv, "strides", {at("stride_h"), at("stride_w")});
    integers(conv, "pads", {at("pad_h"), at("pad_w"), at("pad_h"), at("pad_w")});
    integers(conv, "dilations", {at("dilation_h"), at("dilation_w")});
    integer(conv, "group", static_cast<std::int64_t>(at("groups")));
    return name;
  }

  std::string dense(const std::string& name, const GraphNode& a) {
    integer(node("Gemm", name, {value_of(a), plain_weight(a, 1)}, name), "transB", 1);
    return name;
  }

  // Conv and Gemm take it along.
  std::string bias(const GraphNode& a) {
    onnx::NodeProto* before = graph_->mutable_node(graph_->node_size() - 1);
    const bool takes = before->op_type() == "Conv" || before->op_type() == "Gemm";
    if (!takes || before->input_size() != 2 || before->output(0) != value_of(a)) {
      throw usage_error("ONNX: layer '{}' adds a bias to what is no convolution or dense layer.",
                        a.path);
    }
    before->add_input(plain_weight(a, 1));
    values_[a.inputs[0].value].clear();  // there is no value without the bias any more
    return before->output(0);
  }

  std::string batch_norm(const std::string& name, const GraphNode& a) {
    onnx::NodeProto* norm = node("BatchNormalization", name,
                                 {value_of(a), plain_weight(a, 1), plain_weight(a, 2),
                                  plain_weight(a, 3), plain_weight(a, 4)},
                                 name);
    real(norm, "epsilon", static_cast<float>(a.attributes.at("epsilon")));
    return name;
  }

  std::string pool(const std::string& name, const GraphNode& a) {
    const auto at = [&](const char* key) { return a.attributes.at(key); };
    // Padding behind the end as the windows need it: less than in front where pixels are left over,
    // more in ceiling mode.
    auto behind = [&](std::size_t axis, const char* window, const char* stride, const char* pad) {
      const double needed = (static_cast<double>(source_.values[a.output][axis]) - 1) * at(stride) +
                            at(window) - static_cast<double>(shape_of(a.inputs[0])[axis]) - at(pad);
      return std::max(needed, 0.0);
    };
    const bool average = a.op == "avg_pool";
    onnx::NodeProto* pool = node(average ? "AveragePool" : "MaxPool", name, {value_of(a)}, name);
    integers(pool, "kernel_shape", {at("window_h"), at("window_w")});
    integers(pool, "strides", {at("stride_h"), at("stride_w")});
    integers(pool, "pads",
             {at("pad_h"), at("pad_w"), behind(1, "window_h", "stride_h", "pad_h"),
              behind(2, "window_w", "stride_w", "pad_w")});
    if (average) integer(pool, "count_include_pad", at("count_include_pad") != 0);
    return name;
  }

  // Rows [out, in] of weights: output p is the mean of inputs floor(p H / P) to ceil((p+1) H / P).
  static std::vector<float> averaging(std::size_t in, std::size_t out) {
    std::vector<float> rows(out * in, 0);
    for (std::size_t p = 0; p < out; ++p) {
      const std::size_t first = p * in / out, end = ((p + 1) * in + out - 1) / out;
      for (std::size_t i = first; i < end; ++i)
        rows[p * in + i] = 1 / static_cast<float>(end - first);
    }
    return rows;
  }

  // A product from the left and one from the right: means over windows of changing size.
  std::string adaptive_pool(const std::string& name, const GraphNode& a) {
    const Shape &x = shape_of(a.inputs[0]), &y = source_.values[a.output];
    const std::size_t h = x[1], w = x[2], p = y[1], q = y[2];
    const std::vector<float> columns = averaging(w, q);
    std::vector<float> turned(columns.size());
    for (std::size_t i = 0; i < q; ++i)
      for (std::size_t j = 0; j < w; ++j) turned[j * q + i] = columns[i * w + j];
    node("MatMul", name + "_rows", {constant(name + "_left", {p, h}, averaging(h, p)), value_of(a)},
         name + "_rows");
    return plain("MatMul", name, {name + "_rows", constant(name + "_right", {w, q}, turned)});
  }

  std::string flatten(const std::string& name, const std::string& from) {
    integer(node("Flatten", name, {from}, name), "axis", 1);
    return name;
  }

  // Lines in front of and behind each axis of NCHW, which ONNX takes as a constant.
  std::string pad(const std::string& name, const GraphNode& a) {
    const auto at = [&](const char* key) { return a.attributes.at(key); };
    onnx::TensorProto* lines = graph_->add_initializer();
    lines->set_name(name + "_lines");
    lines->set_data_type(onnx::TensorProto_DataType_INT64);
    lines->add_dims(8);
    for (const double line :
         {0.0, 0.0, at("top"), at("left"), 0.0, 0.0, at("bottom"), at("right")}) {
      lines->add_int64_data(static_cast<std::int64_t>(line));
    }
    return plain("Pad", name, {value_of(a), lines->name()});
  }

  const Graph& source_;
  std::vector<std::string> values_;  // by the graph's number: the name, empty where there is none
  onnx::ModelProto model_;
  onnx::GraphProto* graph_;
  std::map<std::string, std::size_t> used_;
  std::set<std::string> constants_;
};

}  // namespace

void write_onnx(const std::filesystem::path& path, Module& net, const Shape& image,
                const std::map<std::string, std::string>& metadata) {
  const Graph graph = record_graph(net, image);
  OnnxWriter writer(graph);
  writer.write(metadata);
  write_file_atomically(path, writer.bytes(path.string()));
}

#endif

}  // namespace hilum
