// Weight files of other writers: small ones made by PyTorch and h5py (tests/engine/weights/make.py)
// are read number by number; hostile, broken and cut ones of every kind are refused with a
// sentence.
#include "engine/weights/weight_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <numeric>

#include "engine/weights/pickle.h"
#include "kernels/error.h"
#include "tests/engine/helpers.h"

#ifdef HILUM_HAVE_LIBZIP
#include <zip.h>
#endif

namespace hilum {
namespace {

using namespace std::string_literals;
using test::TemporaryFolder;

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(HILUM_SOURCE_DIR) / "tests" / "engine" / "weights" / name;
}

const Tensor& tensor(const WeightFile& file, const std::string& name) {
  for (const FileTensor& t : file.tensors) {
    if (t.name == name) return t.tensor;
  }
  throw std::runtime_error("no tensor " + name);
}

std::vector<float> ramp(std::size_t count, float first = 0) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

#ifdef __SANITIZE_ADDRESS__
// AddressSanitizer keeps freed memory for a while, which is no use of ours.
long peak_kilobytes() { return 0; }
// libhdf5 asks malloc for whatever damaged metadata says, and takes the refusal.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
#else
long peak_kilobytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}
#endif

// The data error's text, which names the file; "" where the file was accepted.
std::string refusal(const std::filesystem::path& path) {
  try {
    read_weight_file(path);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    return error.what();
  }
}

std::string refusal_of(const TemporaryFolder& folder, const std::string& name,
                       const std::string& bytes) {
  std::ofstream(folder / name, std::ios::binary) << bytes;
  return refusal(folder / name);
}

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "'" << (text) << "' lacks '" << (part) << "'"

void expect_torch(const WeightFile& file) {
  ASSERT_EQ(file.tensors.size(), 10u);
  EXPECT_EQ(file.tensors[0].name, "module.conv.weight");
  EXPECT_EQ(file.tensors[0].tensor.shape(), (Shape{2, 3, 2, 2}));
  EXPECT_EQ(file.tensors[0].tensor.values(), ramp(24));
  // [4,3] with strides 1, 4 over 0 … 11.
  EXPECT_EQ(tensor(file, "module.turned").shape(), (Shape{4, 3}));
  EXPECT_EQ(tensor(file, "module.turned").values(),
            (std::vector<float>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
  EXPECT_EQ(tensor(file, "module.first").values(), ramp(4));
  EXPECT_EQ(tensor(file, "module.second").values(), ramp(6, 4));
  for (const char* name : {"module.half", "module.bfloat"}) {
    EXPECT_EQ(tensor(file, name).values(), ramp(3)) << name;
  }
  EXPECT_EQ(file.tensors[4].stored, NumberType::f16);
  EXPECT_EQ(tensor(file, "module.double").values(), ramp(2));
  EXPECT_EQ(tensor(file, "module.parameter").values(), ramp(2));
  EXPECT_EQ(tensor(file, "module.num_batches_tracked").item(), 7);
  EXPECT_EQ(tensor(file, "module.none").shape(), (Shape{0, 3}));
}

TEST(WeightFile, TorchPickle) {
  const WeightFile file = read_weight_file(fixture("tiny_legacy.pth"));
  EXPECT_EQ(file.format, WeightFormat::torch_pickle);
  expect_torch(file);
}

TEST(WeightFile, RealTorchPickle) {
  const auto path = test::data_folder() / "weights" / "resnet20_cifar10_legacy.pth";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no data: " << path << " is absent";
  const WeightFile file = read_weight_file(path);
  std::size_t numbers = 0;
  for (const FileTensor& t : file.tensors) numbers += t.tensor.count();
  // 19 convolutions and batch norms of two parameters and two statistics, one dense layer.
  EXPECT_EQ(file.tensors.size(), 19u * 5 + 2);
  EXPECT_EQ(numbers, 269'722u + 2 * 688);  // He et al.: 0.27 million parameters
  for (const FileTensor& t : file.tensors) {
    EXPECT_TRUE(std::isfinite(t.tensor.values()[0])) << t.name;
  }
}

// Pickles that ask for what no weights need; the sentence names it.
TEST(WeightFile, HostilePicklesAreRefusedByName) {
  const TemporaryFolder folder;
  const auto marker = folder / "was_run";
  const std::string command = "touch " + marker.string();
  const std::string text = "X"s + static_cast<char>(command.size()) + "\0\0\0"s + command;
  const std::pair<std::string, std::string> wrong[] = {
      {"\x80\x02"s + "cposix\nsystem\n" + text + "\x85R.", "'posix.system'"},
      {"\x80\x02"s + "c__builtin__\neval\n" + text + "\x85R.", "'__builtin__.eval'"},
      {"\x80\x04\x8c\x02os\x8c\x06system\x93"s + text + "\x85R.", "'os.system'"},
      {"\x80\x02(cos\nsystem\n" + text + "o.", "'os.system'"},      // OBJ
      {"\x80\x02("s + text + "ios\nsystem\n.", "instruction 'i'"},  // INST
      {"\x80\x02\x82\x01."s, "instruction 0x82"},                   // EXT1
      {"\x80\x02S'x'\n."s, "instruction 'S'"},
      {"\x80\x02)\x81."s, "instruction 0x81"},  // NEWOBJ
      {"\x80\x02}h\x05."s, "recalls value 5"},
      {"\x80\x02}r\xff\xff\xff\x7f."s, "out of turn"},
      {"\x80\x02R."s, "a value that is not there"},
      {"\x80\x02t."s, "a mark that is not there"},
      {"\x80\x02](K\x01u."s, "no dict"},
      {"\x80\x02K\x01)R."s, "cannot be called"},
      {"\x80\x02"
       "ctorch\nFloatStorage\n)R."s,
       "cannot be called"},
      {"\x80\x02\x8a\xff" + std::string(255, '\1') + ".", "255 bytes"},
      {"\x80\x02X\xff\xff\xff\x7f"
       "a."s,
       "cut short"},
      {"\x80\x02.", "0 values"},
      {"\x80\x02K\x01."s, "not as torch.save writes one"},
      {std::string(1'200'000, ']') + ".", "more than 1000000 values"},
      {"\x80\x02]q\0h\0a."s, "not as torch.save writes one"},  // a list that holds itself
  };
  for (const auto& [bytes, part] : wrong) EXPECT_HAS(refusal_of(folder, "x.pth", bytes), part);
  EXPECT_FALSE(std::filesystem::exists(marker));
}

// A legacy file of one storage of four floats, and a tensor told of by `view` (pickled offset, size
// and stride).
std::string torch_file(const std::string& view, const std::string& count = "K\4",
                       const std::string& type = "FloatStorage") {
  const std::string magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s;
  const std::string storage =
      "(X\7\0\0\0storagectorch\n"s + type + "\nX\1\0\0\0kX\3\0\0\0cpu"s + count + "NtQ"s;
  const std::string object = "\x80\x02}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n("s + storage +
                             view +
                             "\x89"
                             "ccollections\nOrderedDict\n)RtRs.";
  const std::string keys = "\x80\x02]X\1\0\0\0ka."s;
  const std::string values = "\4\0\0\0\0\0\0\0"s + std::string(16, '\0');
  return magic + "\x80\x02M\xe9\x03." + "\x80\x02}." + object + keys + values;
}

TEST(WeightFile, ClaimsOfTensorsAreChecked) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal_of(folder, "x.pth", torch_file("K\0K\2K\2\x86K\2K\1\x86"s)), "");
  const std::string infinite = "G\x7f\xf8\0\0\0\0\0\0"s;  // NaN
  const std::pair<std::string, std::string> wrong[] = {
      {torch_file("K\1K\2K\2\x86K\2K\1\x86"s), "past the end"},          // offset
      {torch_file("K\0K\2K\2\x86K\3K\1\x86"s), "past the end"},          // stride
      {torch_file("K\0J\xff\xff\xff\x7f\x85K\0\x85"s), "more numbers"},  // expanded
      {torch_file("K\0J\xff\xff\xff\xff\x85K\1\x85"s), "no whole number"},
      {torch_file("K\0K\2\x85J\xff\xff\xff\xff\x85"s), "no whole number"},
      {torch_file("K\0K\2\x85\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"s), "strides past"},
      {torch_file("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\2\x85K\1\x85"s), "past the end"},
      {torch_file("K\0"s + infinite + "\x85K\1\x85"), "no whole number"},
      {torch_file("K\0K\2\x85K\1K\1\x86"s), "differ in number"},
      {torch_file("K\0(K\1K\1K\1K\1K\1K\1t)"s), "6 axes"},
      {torch_file("K\0K\4\x85K\1\x85"s, "J\0\0\0\x20"s), "claims 2147483648 bytes"},
      {torch_file("K\0J\0\0\0\x20\x85K\1\x85"s, "J\0\0\0\x20"s), "claims 2147483648 bytes"},
      {torch_file("K\0K\4\x85K\1\x85"s, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"s),
       "unknown way"},
      {torch_file("K\0K\4\x85K\1\x85"s, "K\4", "DoubleStorage"), "ends before"},
      {torch_file("K\0K\4\x85K\1\x85"s, "K\4", "ComplexStorage"), "'torch.ComplexStorage'"},
  };
  const long before = peak_kilobytes();
  for (const auto& [bytes, part] : wrong) EXPECT_HAS(refusal_of(folder, "x.pth", bytes), part);
  EXPECT_LT(peak_kilobytes(), before + 64 * 1024);
}

TEST(WeightFile, OtherFilesAreRefused) {
  const TemporaryFolder folder;
  EXPECT_HAS(refusal_of(folder, "a.bin", "text, and no weights at all"), "no weight file");
  EXPECT_HAS(refusal_of(folder, "a.bin", ""), "no weight file");
  EXPECT_HAS(refusal_of(folder, "a.pth", ""), "cut short");
  EXPECT_NE(refusal_of(folder, "a.safetensors", ""), "");
  EXPECT_NE(refusal(folder / "missing.pth"), "");
}

// Every file that ends too early is refused, whatever the place; so is no other outcome than a
// refusal or a plain result where a byte is wrong.
void damage(const std::string& name, std::size_t step) {
  const TemporaryFolder folder;
  const auto path = folder / name;
  std::filesystem::copy_file(fixture(name), path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  const std::size_t size = std::filesystem::file_size(path);
  const long before = peak_kilobytes();
  for (std::size_t place = 0; place < size; place += step) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(place));
    const char byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(place));
    file.put(static_cast<char>(byte ^ (place % 2 ? 0xff : 0x01))).flush();
    refusal(path);
    file.seekp(static_cast<std::streamoff>(place));
    file.put(byte).flush();
  }
  EXPECT_EQ(refusal(path), "") << "the file is whole again";
  for (std::size_t length = size; length-- > 0;) {
    std::filesystem::resize_file(path, length);
    EXPECT_NE(refusal(path), "") << name << " cut to " << length << " of " << size;
  }
  EXPECT_LT(peak_kilobytes(), before + 64 * 1024);
}

TEST(WeightFile, DamagedTorchPickle) { damage("tiny_legacy.pth", 1); }

#ifdef HILUM_HAVE_LIBZIP

TEST(WeightFile, TorchZip) {
  const WeightFile file = read_weight_file(fixture("tiny.pth"));
  EXPECT_EQ(file.format, WeightFormat::torch_zip);
  expect_torch(file);
}

TEST(WeightFile, DamagedTorchZip) { damage("tiny.pth", 1); }

void write_zip(const std::filesystem::path& path, const std::map<std::string, std::string>& entries,
               bool compress = false) {
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, bytes] : entries) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  ASSERT_EQ(zip_close(archive), 0);
}

TEST(WeightFile, HostileZipsAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "x.pth";
  write_zip(path, {{"a/data.pkl",
                    "\x80\x02"
                    "cposix\nsystem\nX\4\0\0\0true\x85R."s}});
  EXPECT_HAS(refusal(path), "'posix.system'");
  write_zip(path, {{"a/other", "x"}});
  EXPECT_HAS(refusal(path), "without data.pkl");
  write_zip(path, {{"a/data.pkl", std::string(100'000'000, ']')}}, true);  // 100 kB of zip
  EXPECT_HAS(refusal(path), "compressed");
  write_zip(path, {{"a/data.pkl", "\x80\x02}."s}});
  EXPECT_HAS(refusal(path), "no state dict");
  write_zip(path, {{"a/byteorder", "big"}, {"a/data.pkl", "\x80\x02}."s}});
  EXPECT_HAS(refusal(path), "big-endian");
  const std::string storage = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0kX\3\0\0\0cpu"s;
  const std::string head = "\x80\x02}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n("s + storage;
  const std::string tail = "tQK\0K\2\x85K\1\x85\x89NtRs."s;
  write_zip(path, {{"a/data.pkl", head + "K\2" + tail}, {"a/data/k", std::string(8, '\0')}});
  EXPECT_EQ(refusal(path), "");
  write_zip(path, {{"a/data.pkl", head + "K\2" + tail}});
  EXPECT_HAS(refusal(path), "missing");
  write_zip(path,
            {{"a/data.pkl", head + "J\0\0\0\x20"s + tail}, {"a/data/k", std::string(8, '\0')}});
  EXPECT_HAS(refusal(path), "claims");
}

#endif

#ifdef HILUM_HAVE_HDF5

TEST(WeightFile, KerasH5) {
  const WeightFile file = read_weight_file(fixture("tiny.h5"));
  ASSERT_EQ(file.tensors.size(), 8u);
  EXPECT_EQ(file.tensors[0].layer, "conv2d");
  EXPECT_EQ(file.tensors[0].name, "conv2d/kernel:0");
  EXPECT_EQ(file.tensors[0].tensor.shape(), (Shape{2, 2, 3, 2}));
  EXPECT_EQ(file.tensors[0].tensor.values(), ramp(24));
  EXPECT_EQ(file.tensors[5].name, "bn/moving_variance:0");
  EXPECT_EQ(file.tensors[7].tensor.values(), ramp(3));
  EXPECT_EQ(file.metadata.at("backend"), "tensorflow");
}

TEST(WeightFile, ClaimsOfHdf5AreChecked) {
  const long before = peak_kilobytes();
  EXPECT_HAS(refusal(fixture("huge.h5")), "not there in full");
  EXPECT_HAS(refusal(fixture("huge_chunks.h5")), "claims");
  EXPECT_HAS(refusal(fixture("link.h5")), "link that was not followed");
  EXPECT_LT(peak_kilobytes(), before + 64 * 1024);
}

#ifdef __SANITIZE_ADDRESS__
// libhdf5 1.10.8 itself reads past its buffers where some bytes of its metadata are wrong.
constexpr std::size_t flip_step = std::size_t{1} << 40;
#else
constexpr std::size_t flip_step = 3;
#endif
TEST(WeightFile, DamagedHdf5) { damage("small.h5", flip_step); }

#endif

}  // namespace
}  // namespace hilum
