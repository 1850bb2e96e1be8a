// Operation by operation from the listener of the tape to ONNX nodes.
#include "engine/onnx.h"

#include <algorithm>
#include <set>

#include "engine/file.h"
#include "engine/scope.h"
#include "engine/tape.h"
#include "engine/tensor_state.h"
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

using Attributes = std::map<std::string, double>;

class OnnxWriter {
 public:
  explicit OnnxWriter(Module& net) {
    for (const auto& all : {net.parameters(), net.buffers()}) {
      for (const NamedTensor& t : all) weights_[t.tensor.state().get()] = t;
      for (const NamedTensor& t : all) by_name_[t.name] = t.tensor;
    }
    model_.set_ir_version(8);
    model_.set_producer_name("hilum");
    onnx::OperatorSetIdProto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(17);
    graph_ = model_.mutable_graph();
    graph_->set_name("network");
  }

  void begin(const Tensor& image) {
    const Shape& s = image.shape();
    describe(graph_->add_input(), "image", {s[3], s[1], s[2]});
    name_value(image, "image");
  }

  // One operation as the tape saw it.
  void add(const std::string& op, const std::vector<Tensor>& inputs, const Tensor& output,
           const Attributes& attributes) {
    const std::string name = unique(join_path(module_path(), op));
    if (op == "conv2d") return convolution(name, inputs, output, attributes);
    if (op == "dense") return dense(name, inputs, output);
    if (op == "bias") return bias(name, inputs, output);
    if (op == "batch_norm") return batch_norm(name, inputs, output, attributes);
    if (op == "max_pool" || op == "avg_pool") return pool(name, op, inputs, output, attributes);
    if (op == "adaptive_avg_pool") return adaptive_pool(name, inputs[0], output);
    if (op == "global_avg_pool") {
      const std::string pooled = name + "_map";
      node("GlobalAveragePool", name, {value_of(inputs[0])}, pooled);
      return flatten(name + "_flat", pooled, output);
    }
    if (op == "flatten") return flatten(name, value_of(inputs[0]), output);
    if (op == "concat") {
      std::vector<std::string> parts;
      for (const Tensor& part : inputs) parts.push_back(value_of(part));
      integer(node("Concat", name, parts, name), "axis", 1);
      return name_value(output, name);
    }
    const std::map<std::string, const char*> plain = {
        {"relu", "Relu"}, {"sigmoid", "Sigmoid"}, {"add", "Add"}};
    if (op == "relu6") return clip(name, inputs[0], output);
    if (op == "zero_pad") return pad(name, inputs[0], output, attributes);
    if (!plain.contains(op)) {
      throw usage_error("ONNX: operation '{}' of layer '{}' has no form there.", op, module_path());
    }
    std::vector<std::string> values;
    for (const Tensor& input : inputs) values.push_back(value_of(input));
    node(plain.at(op), name, values, name);
    name_value(output, name);
  }

  void end(const Tensor& logits, const std::map<std::string, std::string>& metadata) {
    node("Identity", "logits", {value_of(logits)}, "logits");
    describe(graph_->add_output(), "logits", {logits.size(1)});
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

  // Tensors are known by their state; keeping them keeps it from being given to another.
  void name_value(const Tensor& tensor, const std::string& name) {
    alive_.push_back(tensor);
    values_[tensor.state().get()] = name;
  }

  std::string value_of(const Tensor& tensor) const {
    const auto found = values_.find(tensor.state().get());
    if (found == values_.end()) {
      throw usage_error("ONNX: layer '{}' takes a tensor {} that no operation has made.",
                        module_path(), tensor.shape().str());
    }
    return found->second;
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

  const NamedTensor& weight_of(const Tensor& tensor) const {
    const auto found = weights_.find(tensor.state().get());
    if (found == weights_.end()) {
      throw usage_error("ONNX: layer '{}' uses a weight {} that is no parameter of the network.",
                        module_path(), tensor.shape().str());
    }
    return found->second;
  }

  // As it lies; for vectors and dense weights.
  std::string plain_weight(const Tensor& tensor) {
    const NamedTensor& weight = weight_of(tensor);
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < weight.tensor.shape().rank(); ++i) {
      sizes.push_back(weight.tensor.size(i));
    }
    return constant(weight.name, sizes, weight.tensor.values());
  }

  void convolution(const std::string& name, const std::vector<Tensor>& inputs, const Tensor& output,
                   const Attributes& a) {
    const NamedTensor& weight = weight_of(inputs[1]);
    const Shape& w = weight.tensor.shape();  // KRSC
    const std::size_t taps = w[1] * w[2];
    const std::vector<float> krsc = weight.tensor.values();
    std::vector<float> kcrs(krsc.size());
    for (std::size_t k = 0; k < w[0]; ++k)
      for (std::size_t t = 0; t < taps; ++t)
        for (std::size_t c = 0; c < w[3]; ++c)
          kcrs[(k * w[3] + c) * taps + t] = krsc[(k * taps + t) * w[3] + c];
    const std::string filters = constant(weight.name, {w[0], w[3], w[1], w[2]}, kcrs);
    onnx::NodeProto* conv = node("Conv", name, {value_of(inputs[0]), filters}, name);
    integers(conv, "kernel_shape", {static_cast<double>(w[1]), static_cast<double>(w[2])});
    integers(conv, "strides", {a.at("stride_h"), a.at("stride_w")});
    integers(conv, "pads", {a.at("pad_h"), a.at("pad_w"), a.at("pad_h"), a.at("pad_w")});
    integers(conv, "dilations", {a.at("dilation_h"), a.at("dilation_w")});
    integer(conv, "group", static_cast<std::int64_t>(a.at("groups")));
    name_value(output, name);
  }

  void dense(const std::string& name, const std::vector<Tensor>& inputs, const Tensor& output) {
    onnx::NodeProto* gemm =
        node("Gemm", name, {value_of(inputs[0]), plain_weight(inputs[1])}, name);
    integer(gemm, "transB", 1);
    name_value(output, name);
  }

  // Conv and Gemm take it along.
  void bias(const std::string&, const std::vector<Tensor>& inputs, const Tensor& output) {
    onnx::NodeProto* before = graph_->mutable_node(graph_->node_size() - 1);
    const bool takes = before->op_type() == "Conv" || before->op_type() == "Gemm";
    if (!takes || before->input_size() != 2 || before->output(0) != value_of(inputs[0])) {
      throw usage_error("ONNX: layer '{}' adds a bias to what is no convolution or dense layer.",
                        module_path());
    }
    before->add_input(plain_weight(inputs[1]));
    values_.erase(inputs[0].state().get());  // there is no value without the bias any more
    name_value(output, before->output(0));
  }

  void batch_norm(const std::string& name, const std::vector<Tensor>& inputs, const Tensor& output,
                  const Attributes& a) {
    const std::string weight = weight_of(inputs[1]).name;
    const std::string layer = weight.substr(0, weight.size() - std::string("weight").size());
    onnx::NodeProto* norm =
        node("BatchNormalization", name,
             {value_of(inputs[0]), plain_weight(inputs[1]), plain_weight(inputs[2]),
              plain_weight(by_name_.at(layer + "running_mean")),
              plain_weight(by_name_.at(layer + "running_var"))},
             name);
    real(norm, "epsilon", static_cast<float>(a.at("epsilon")));
    name_value(output, name);
  }

  void pool(const std::string& name, const std::string& op, const std::vector<Tensor>& inputs,
            const Tensor& output, const Attributes& a) {
    // Padding behind the end as the windows need it: less than in front where pixels are left over,
    // more in ceiling mode.
    auto behind = [&](std::size_t axis, const char* window, const char* stride, const char* pad) {
      const double needed = (static_cast<double>(output.size(axis)) - 1) * a.at(stride) +
                            a.at(window) - static_cast<double>(inputs[0].size(axis)) - a.at(pad);
      return std::max(needed, 0.0);
    };
    const bool average = op == "avg_pool";
    onnx::NodeProto* pool =
        node(average ? "AveragePool" : "MaxPool", name, {value_of(inputs[0])}, name);
    integers(pool, "kernel_shape", {a.at("window_h"), a.at("window_w")});
    integers(pool, "strides", {a.at("stride_h"), a.at("stride_w")});
    integers(pool, "pads",
             {a.at("pad_h"), a.at("pad_w"), behind(1, "window_h", "stride_h", "pad_h"),
              behind(2, "window_w", "stride_w", "pad_w")});
    if (average) integer(pool, "count_include_pad", a.at("count_include_pad") != 0);
    name_value(output, name);
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
  void adaptive_pool(const std::string& name, const Tensor& x, const Tensor& y) {
    const std::size_t h = x.size(1), w = x.size(2), p = y.size(1), q = y.size(2);
    const std::vector<float> columns = averaging(w, q);
    std::vector<float> turned(columns.size());
    for (std::size_t i = 0; i < q; ++i)
      for (std::size_t j = 0; j < w; ++j) turned[j * q + i] = columns[i * w + j];
    node("MatMul", name + "_rows", {constant(name + "_left", {p, h}, averaging(h, p)), value_of(x)},
         name + "_rows");
    node("MatMul", name, {name + "_rows", constant(name + "_right", {w, q}, turned)}, name);
    name_value(y, name);
  }

  void flatten(const std::string& name, const std::string& from, const Tensor& output) {
    integer(node("Flatten", name, {from}, name), "axis", 1);
    name_value(output, name);
  }

  void clip(const std::string& name, const Tensor& input, const Tensor& output) {
    node("Clip", name, {value_of(input), constant("zero", {}, {0}), constant("six", {}, {6})},
         name);
    name_value(output, name);
  }

  // Lines in front of and behind each axis of NCHW, which ONNX takes as a constant.
  void pad(const std::string& name, const Tensor& input, const Tensor& output,
           const Attributes& a) {
    onnx::TensorProto* lines = graph_->add_initializer();
    lines->set_name(name + "_lines");
    lines->set_data_type(onnx::TensorProto_DataType_INT64);
    lines->add_dims(8);
    for (const double line :
         {0.0, 0.0, a.at("top"), a.at("left"), 0.0, 0.0, a.at("bottom"), a.at("right")}) {
      lines->add_int64_data(static_cast<std::int64_t>(line));
    }
    node("Pad", name, {value_of(input), lines->name()}, name);
    name_value(output, name);
  }

  onnx::ModelProto model_;
  onnx::GraphProto* graph_;
  std::map<const TensorState*, NamedTensor> weights_;
  std::map<std::string, Tensor> by_name_;
  std::map<const TensorState*, std::string> values_;
  std::map<std::string, std::size_t> used_;
  std::set<std::string> constants_;
  std::vector<Tensor> alive_;
};

}  // namespace

void write_onnx(const std::filesystem::path& path, Module& net, const Shape& image,
                const std::map<std::string, std::string>& metadata) {
  OnnxWriter writer(net);
  const bool was_training = net.training();
  net.train(false);
  {
    const NoGrad no_grad;
    const Tensor x = Tensor::zeros(image);
    writer.begin(x);
    const ListenToOperations listen([&](const OperationRecord& record) {
      Attributes attributes;
      for (const OperationAttribute& a : record.attributes) attributes[a.name] = a.value;
      writer.add(record.name, record.inputs, record.output, attributes);
    });
    writer.end(net(x), metadata);
  }
  net.train(was_training);
  write_file_atomically(path, writer.bytes(path.string()));
}

#endif

}  // namespace hilum
