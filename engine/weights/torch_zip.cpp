// torch.save since PyTorch 1.6: a zip, stored without compression, with NAME/data.pkl, one entry a
// storage in NAME/data/, and in newer ones NAME/byteorder.
#include "engine/weights/torch_tensors.h"
#include "kernels/error.h"

#ifdef HILUM_HAVE_LIBZIP
#include <zip.h>
#endif

namespace hilum {

#ifndef HILUM_HAVE_LIBZIP

WeightFile read_torch_zip(const InputFile& file) {
  throw data_error(
      "{}: is a zip, and this build has no libzip (Debian package libzip-dev). Install it and "
      "build "
      "again, or save as safetensors.",
      file.path());
}

#else

namespace {

class ZipArchive {
 public:
  explicit ZipArchive(const InputFile& file) : file_(file) {
    int code = 0;
    archive_ = zip_open(file.path().c_str(), ZIP_RDONLY, &code);
    if (archive_ == nullptr) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string text = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw data_error(
          "{}: its zip directory cannot be read: {}. The file is cut short or damaged.",
          file.path(), text);
    }
  }
  ~ZipArchive() { zip_discard(archive_); }
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  // Full name of the entry that ends so; "" where there is none.
  std::string find(std::string_view ending) const {
    const zip_int64_t count = zip_get_num_entries(archive_, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
      if (name != nullptr && std::string_view(name).ends_with(ending)) return name;
    }
    return "";
  }

  // The bytes of an entry, checked against its sum; `expected` of them, or any number up to `most`.
  std::vector<char> read(const std::string& name, std::uint64_t most) const {
    auto fail = [&](const std::string& what) {
      return data_error("{}: entry '{}' {}. The file is damaged.", file_.path(), name, what);
    };
    zip_stat_t about;
    if (zip_stat(archive_, name.c_str(), ZIP_FL_ENC_RAW, &about) != 0) throw fail("is missing");
    if ((about.valid & ZIP_STAT_SIZE) == 0 || (about.valid & ZIP_STAT_COMP_METHOD) == 0 ||
        about.comp_method != ZIP_CM_STORE) {
      throw fail("is compressed, as torch.save never does");
    }
    if (about.size > file_.size() || about.size > most) {
      throw fail(fmt::format("claims {} bytes", about.size));
    }
    std::vector<char> bytes(about.size);
    zip_file_t* entry = zip_fopen(archive_, name.c_str(), ZIP_FL_ENC_RAW);
    if (entry == nullptr) throw fail("cannot be read");
    const zip_int64_t got = zip_fread(entry, bytes.data(), bytes.size());
    char behind;  // reading to the end makes the library check the sum
    const bool whole =
        got == static_cast<zip_int64_t>(bytes.size()) && zip_fread(entry, &behind, 1) == 0;
    zip_fclose(entry);
    if (!whole) throw fail("is cut short, or its sum is wrong");
    return bytes;
  }

 private:
  const InputFile& file_;
  zip_t* archive_ = nullptr;
};

constexpr std::uint64_t longest_pickle = 16 << 20;

}  // namespace

WeightFile read_torch_zip(const InputFile& file) {
  const ZipArchive archive(file);
  const std::string pickle_name = archive.find("/data.pkl");
  if (pickle_name.empty()) {
    throw data_error("{}: is a zip without data.pkl. Expected one that torch.save wrote.",
                     file.path());
  }
  const std::string folder = pickle_name.substr(0, pickle_name.size() - 8);
  if (!archive.find("/byteorder").empty()) {
    const std::vector<char> order = archive.read(folder + "byteorder", 64);
    if (std::string_view(order.data(), order.size()) != "little") {
      throw data_error("{}: was written on a big-endian machine. Save it again on another.",
                       file.path());
    }
  }
  const std::vector<char> pickle = archive.read(pickle_name, longest_pickle);
  PickleReader reader({pickle.data(), pickle.size()}, file.path());

  WeightFile result;
  result.path = file.path();
  result.format = WeightFormat::torch_zip;
  ReadBudget budget(file);
  read_state_dict(
      reader.next(),
      [&](const TorchStorage& storage) {
        std::vector<char> all = archive.read(folder + "data/" + storage.key, file.size());
        const std::uint64_t begin = storage.offset * bytes_of(storage.type);
        if (begin > all.size() || storage.bytes() > all.size() - begin) {
          throw data_error("{}: storage '{}' has {} bytes, {} were expected. The file is damaged.",
                           file.path(), storage.key, all.size(), begin + storage.bytes());
        }
        return std::vector<char>(
            all.begin() + static_cast<std::ptrdiff_t>(begin),
            all.begin() + static_cast<std::ptrdiff_t>(begin + storage.bytes()));
      },
      budget, result);
  return result;
}

#endif

}  // namespace hilum
