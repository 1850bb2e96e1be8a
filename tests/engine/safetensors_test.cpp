// Checkpoints: what we write any reader of the format can read (a small parser of the test's own
// stands for it), a real file of another writer is read, and damaged files of every kind are
// refused.
#include "engine/safetensors.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <limits>

#include "engine/allocator.h"
#include "engine/file.h"
#include "engine/init.h"
#include "engine/json.h"
#include "engine/layers.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

using test::random_tensor;
using test::TemporaryFolder;

// A file from its header text and its data.
std::string file_bytes(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + data;
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Reads `bytes` as a file: the data error's text, or "" where it was accepted.
std::string refusal(const TemporaryFolder& folder, const std::string& bytes) {
  const auto path = folder / "file.safetensors";
  std::ofstream(path, std::ios::binary) << bytes;
  try {
    read_safetensors(path);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    return error.what();
  }
}

TEST(Safetensors, RoundTrip) {
  const TemporaryFolder folder;
  TensorFile file;
  file.tensors = {{"z", random_tensor({3, 4}, 1)},
                  {"a.weight", random_tensor({2, 3, 3, 5}, 2)},
                  {"scalar", Tensor::full({}, 7)},
                  {"none", Tensor::zeros({0, 4})},
                  {"labels", Tensor::from(std::vector<std::int32_t>{-1, 5}, {2})}};
  file.metadata = {{"net", "cnn"}, {"note", "\"quoted\", UTF-8: \xC3\xA9, broken: \xFF"}};
  const auto path = folder / "new/folder/file.safetensors";
  write_safetensors(path, file);
  const TensorFile back = read_safetensors(path);
  ASSERT_EQ(back.tensors.size(), file.tensors.size());
  for (const NamedTensor& written : file.tensors) {
    bool found = false;
    for (const NamedTensor& read : back.tensors) {
      if (read.name != written.name) continue;
      found = true;
      EXPECT_EQ(read.tensor.shape(), written.tensor.shape());
      ASSERT_EQ(read.tensor.dtype(), written.tensor.dtype());
      if (read.tensor.dtype() == DType::f32) {
        EXPECT_EQ(read.tensor.values(), written.tensor.values());
      }
    }
    EXPECT_TRUE(found) << written.name;
  }
  EXPECT_EQ(back.metadata.at("net"), "cnn");
  file.tensors.push_back({"z", Tensor::zeros({1})});
  EXPECT_THROW(write_safetensors(path, file), Error);
}

TEST(Safetensors, WrittenAsTheFormatSays) {
  const TemporaryFolder folder;
  const Tensor a = random_tensor({3, 1}, 1), b = random_tensor({2}, 2);
  write_safetensors(folder / "f", {{{"a", a}, {"b", b}}, {{"k", "v"}}});
  const std::string bytes = read_file(folder / "f");
  std::uint64_t length;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ((8 + length) % 8, 0u) << "data is aligned to 8 bytes";
  EXPECT_EQ(bytes[8], '{');
  const auto header = parse_json(bytes.substr(8, length));
  EXPECT_EQ(header["__metadata__"]["k"], "v");
  EXPECT_EQ(header["a"]["dtype"], "F32");
  EXPECT_EQ(header["a"]["shape"], (std::vector<int>{3, 1}));
  const std::size_t begin = header["b"]["data_offsets"][0], end = header["b"]["data_offsets"][1];
  EXPECT_EQ(bytes.substr(8 + length + begin, end - begin), raw(b.values()));
  EXPECT_EQ(bytes.size(), 8 + length + 20);
}

TEST(Safetensors, OtherTypesBecomeFloats) {
  const TemporaryFolder folder;
  const std::vector<std::uint16_t> half = {0x3C00, 0xC000, 0x0001, 0x7C00, 0x3555};
  const std::vector<std::uint16_t> bfloat = {0x3F80, 0xC040};
  const std::vector<double> doubles = {0.1, -1e300};
  const std::vector<std::int64_t> longs = {-3, std::int64_t{1} << 40};
  const std::string header = R"({"h":{"dtype":"F16","shape":[5],"data_offsets":[0,10]},)"
                             R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[10,14]},)"
                             R"("d":{"dtype":"F64","shape":[2],"data_offsets":[14,30]},)"
                             R"("l":{"dtype":"I64","shape":[2],"data_offsets":[30,46]}}  )";
  write_file_atomically(folder / "f",
                        file_bytes(header, raw(half) + raw(bfloat) + raw(doubles) + raw(longs)));
  std::map<std::string, std::vector<float>> read;
  for (const NamedTensor& t : read_safetensors(folder / "f").tensors) {
    read[t.name] = t.tensor.values();
  }
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(read["h"], (std::vector<float>{1, -2, 0x1p-24f, infinity, 0x1.554p-2f}));
  EXPECT_EQ(read["b"], (std::vector<float>{1, -3}));
  EXPECT_EQ(read["d"], (std::vector<float>{0.1f, -infinity}));
  EXPECT_EQ(read["l"], (std::vector<float>{-3, 0x1p40f}));
}

TEST(Safetensors, DamagedHeadersAreRefused) {
  const TemporaryFolder folder;
  const std::string eight(8, 'x');
  auto entry = [](const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
  };
  EXPECT_EQ(refusal(folder, file_bytes("{" + entry("a", "[2]", "[0,8]") + "}", eight)), "");
  const std::pair<std::string, std::string> wrong[] = {
      // header, part of the message
      {"", "not JSON"},
      {"[]", "not a JSON object"},
      {"{", "not JSON"},
      {"{\"a\":", "not JSON"},
      {std::string(1000, '['), "nested"},
      {"{\"a\":" + std::string(5, '[') + std::string(5, ']') + "}", "nested"},
      {"\xFF\xFE", "not JSON"},
      {"{\"a\":3}", "expected a dtype"},
      {"{" + entry("a", "[2]", "[0]") + "}", "expected a dtype"},
      {"{" + entry("a", "[2]", "[0,8,8]") + "}", "expected a dtype"},
      {"{" + entry("a", "[-2]", "[0,8]") + "}", "expected a dtype"},
      {"{" + entry("a", "[2.0]", "[0,8]") + "}", "expected a dtype"},
      {"{" + entry("a", "[1e99]", "[0,8]") + "}", "expected a dtype"},
      {"{" + entry("a", "2", "[0,8]") + "}", "expected a dtype"},
      {"{" + entry("a", "[2]", "[-8,0]") + "}", "expected a dtype"},
      {"{" + entry("a", "[2]", "[0,8]", "F31") + "}", "type F31"},
      {"{" + entry("a", "[1,1,1,1,1,2]", "[0,8]") + "}", "6 sizes"},
      {"{" + entry("a", "[4294967296,4294967296]", "[0,8]") + "}", "overflow"},
      {"{" + entry("a", "[18446744073709551615]", "[0,8]") + "}", "overflow"},
      {"{" + entry("a", "[2305843009213693951]", "[0,8]") + "}", "bytes"},
      {"{" + entry("a", "[3]", "[0,8]") + "}", "takes 12 bytes"},
      {"{" + entry("a", "[2]", "[8,0]") + "}", "data_offsets"},
      {"{" + entry("a", "[4611686018427387904]", "[8,18446744073709551608]") + "}", "overflow"},
      {"{" + entry("a", "[2]", "[0,8]") + "," + entry("b", "[2]", "[0,8]") + "}", "overlaps"},
      {"{" + entry("a", "[1]", "[4,8]") + "}", "gap"},
      {"{" + entry("a", "[1]", "[0,4]") + "}", "describes 4"},
      {"{" + entry("a", "[4]", "[0,16]") + "}", "describes 16"},
      {"{" + entry("a", "[1]", "[0,4]") + "," + entry("a", "[1]", "[4,8]") + "}", "twice"},
      {"{\"__metadata__\":3," + entry("a", "[2]", "[0,8]") + "}", "__metadata__"},
      {"{\"__metadata__\":{\"k\":3}," + entry("a", "[2]", "[0,8]") + "}", "__metadata__"},
  };
  release_kept_memory();
  reset_peak_memory();
  const std::size_t before = memory_statistics().peak;
  for (const auto& [header, message] : wrong) {
    const std::string text = refusal(folder, file_bytes(header, eight));
    EXPECT_NE(text.find(message), std::string::npos) << header << "\n  " << text;
  }
  EXPECT_LE(memory_statistics().peak, before + 1024) << "memory was taken for a refused file";
}

TEST(Safetensors, HeaderLengthsPastTheEndAreRefused) {
  const TemporaryFolder folder;
  for (const std::uint64_t length :
       {std::uint64_t{3}, std::uint64_t{100'000'001}, std::uint64_t{1} << 40, ~std::uint64_t{0},
        ~std::uint64_t{0} - 7}) {
    std::string bytes(10, ' ');
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_NE(refusal(folder, bytes), "") << length;
  }
}

TEST(Safetensors, CutShortAnywhereIsRefused) {
  const TemporaryFolder folder;
  write_safetensors(folder / "whole", {{{"a", random_tensor({3}, 1)}}, {{"k", "v"}}});
  const std::string bytes = read_file(folder / "whole");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(refusal(folder, bytes.substr(0, length)), "") << length;
  }
  EXPECT_NE(refusal(folder, bytes + "x"), "");
  EXPECT_EQ(refusal(folder, bytes), "");
}

TEST(Safetensors, MissingFilesAndFoldersAreRefused) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_safetensors(folder / "nothing"), Error);
  EXPECT_THROW(read_safetensors(folder / "."), Error);
}

TEST(Safetensors, RealFileOfAnotherWriter) {
  const auto path = test::data_folder() / "weights" / "mnist_mlp.safetensors";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no data: " << path << " is absent";
  const TensorFile file = read_safetensors(path);
  std::size_t count = 0;
  for (const NamedTensor& t : file.tensors) {
    count += t.tensor.count();
    double sum = 0;
    for (float v : t.tensor.values()) sum += std::fabs(v);
    EXPECT_GT(sum, 0) << t.name;
    EXPECT_LT(sum / static_cast<double>(t.tensor.count()), 1) << t.name;
  }
  EXPECT_GT(file.tensors.size(), 1u);
  EXPECT_GT(count, 100'000u);
}

TEST(StateDict, FiltersAreStoredChannelsFirst) {
  Conv2d conv(2, 1, 2);
  Tensor w = conv.parameter("weight");  // [1, 2, 2, 2]: tap, then channel
  for (int i = 0; i < 8; ++i) w.data()[i] = static_cast<float>(i);
  const std::vector<NamedTensor> state = state_dict(conv);
  ASSERT_EQ(state[0].name, "weight");
  EXPECT_EQ(state[0].tensor.shape(), (Shape{1, 2, 2, 2}));
  EXPECT_EQ(state[0].tensor.values(), (std::vector<float>{0, 2, 4, 6, 1, 3, 5, 7}));
}

std::unique_ptr<Sequential> small_net() {
  auto net = std::make_unique<Sequential>();
  net->append<Conv2d>(3, 8, 3, same_padding(3));
  net->append<BatchNorm2d>(8);
  net->append<ReLU>();
  net->append<GlobalAvgPool>();
  net->append<Linear>(8, 2);
  return net;
}

TEST(StateDict, RoundTripThroughAFile) {
  const TemporaryFolder folder;
  auto net = small_net(), other = small_net();
  initialise(*net, 1);
  initialise(*other, 2);
  net->find("1").buffers()[0].tensor.data()[3] = 0.5f;
  write_safetensors(folder / "f", {state_dict(*net), {}});
  load_state_dict(*other, read_safetensors(folder / "f").tensors, "f");
  const Tensor x = random_tensor({2, 5, 5, 3}, 3);
  net->train(false);
  other->train(false);
  EXPECT_EQ((*net)(x).values(), (*other)(x).values());
}

TEST(StateDict, AnotherNetIsRefusedAndNothingIsChanged) {
  auto net = small_net();
  initialise(*net, 1);
  const std::vector<NamedTensor> good = state_dict(*net);
  const std::vector<float> before = net->parameters()[0].tensor.values();
  auto refuse = [&](std::vector<NamedTensor> state, const std::string& message) {
    for (NamedTensor& t : state) {  // other values, to see whether any was copied
      if (t.tensor.dtype() == DType::f32) t.tensor = Tensor::full(t.tensor.shape(), 9);
    }
    try {
      load_state_dict(*net, state, "old.safetensors");
      ADD_FAILURE() << "accepted: " << message;
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_EQ(error.kind(), ErrorKind::data);
      EXPECT_NE(text.find(message), std::string::npos) << text;
      EXPECT_NE(text.find("old.safetensors"), std::string::npos) << text;
    }
    EXPECT_EQ(net->parameters()[0].tensor.values(), before) << "a refused file left its values";
  };
  std::vector<NamedTensor> state = good;
  state.erase(state.begin() + 2);
  refuse(state, "'1.weight' (8) is missing");
  state = good;
  state.push_back({"extra", Tensor::zeros({2})});
  refuse(state, "'extra' (2) is unknown");
  state = good;
  state[0].tensor = Tensor::zeros({8, 3, 5, 5});
  refuse(state, "expected f32 8x3x3x3, got f32 8x3x5x5");
  state = good;
  state.push_back({"1.num_batches_tracked", Tensor::full({}, 5)});
  load_state_dict(*net, state, "from another library");
}

}  // namespace
}  // namespace hilum
