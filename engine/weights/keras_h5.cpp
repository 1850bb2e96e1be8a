// Keras' HDF5 files: the root, or /model_weights of a whole model, lists its layers in the
// attribute layer_names; each layer is a group that lists its tensors in weight_names, in the order
// in which the layer made them. Lists too long for one attribute go on in layer_names0,
// layer_names1, ….
#include "engine/weights/weight_file.h"
#include "kernels/error.h"

#ifdef HILUM_HAVE_HDF5
#include <hdf5/serial/hdf5.h>
#endif

namespace hilum {

#ifndef HILUM_HAVE_HDF5

WeightFile read_keras_h5(const InputFile& file) {
  throw data_error(
      "{}: is HDF5, and this build has no HDF5 library (Debian package libhdf5-dev). Install it "
      "and "
      "build again.",
      file.path());
}

#else

namespace {

// An HDF5 identifier and the call that closes it.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }
  bool good() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

class KerasFile {
 public:
  explicit KerasFile(const InputFile& file)
      : path_(file.path()), budget_(file), file_(open(file.path()), H5Fclose) {
    if (!file_.good()) throw fail("", "its HDF5 structure cannot be read");
  }

  WeightFile read() {
    WeightFile result;
    result.path = path_;
    result.format = WeightFormat::keras_h5;
    const bool whole_model = H5Lexists(file_, "model_weights", H5P_DEFAULT) > 0;
    const Id root = open_group(file_, whole_model ? "model_weights" : ".");
    std::vector<std::string> layers = texts(root, "layer_names");
    if (layers.empty()) {
      throw fail("", "it has no layer_names. Expected what Keras' save_weights writes to HDF5");
    }
    const std::vector<std::string> backend = texts(root, "backend");
    if (!backend.empty()) result.metadata["backend"] = backend[0];
    for (const std::string& layer : layers) {
      const Id group = open_group(root, layer);
      for (const std::string& name : texts(group, "weight_names")) {
        result.tensors.push_back(read_tensor(group, layer, name));
      }
    }
    return result;
  }

 private:
  // The library prints its errors and loads filters from the system unless told not to.
  static hid_t open(const std::string& path) {
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    return H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  }

  Error fail(const std::string& where, const std::string& what) const {
    return data_error("{}: {}{}. The file is cut short, damaged or of another kind.", path_,
                      where.empty() ? "" : "'" + where + "': ", what);
  }

  // Every step of `name` must be a plain link: others could lead into another file.
  void check_links(hid_t from, const std::string& name) const {
    for (std::size_t end = 0; end != std::string::npos;) {
      end = name.find('/', end + 1);
      H5L_info_t info;
      const std::string part = name.substr(0, end);
      if (part == ".") continue;
      if (H5Lget_info(from, part.c_str(), &info, H5P_DEFAULT) < 0) throw fail(name, "is missing");
      if (info.type != H5L_TYPE_HARD) throw fail(name, "is a link that was not followed");
    }
  }

  Id open_group(hid_t from, const std::string& name) const {
    check_links(from, name);
    const hid_t group = H5Gopen2(from, name.c_str(), H5P_DEFAULT);
    if (group < 0) throw fail(name, "is no group");
    return Id(group, H5Gclose);
  }

  // The strings of an attribute and of its numbered continuations; none where it is absent.
  std::vector<std::string> texts(hid_t group, const std::string& name) {
    if (H5Aexists(group, name.c_str()) > 0) return attribute_texts(group, name);
    std::vector<std::string> all;
    for (std::size_t i = 0; H5Aexists(group, (name + std::to_string(i)).c_str()) > 0; ++i) {
      for (std::string& text : attribute_texts(group, name + std::to_string(i))) {
        all.push_back(std::move(text));
      }
    }
    return all;
  }

  std::vector<std::string> attribute_texts(hid_t group, const std::string& name) {
    const Id attribute(H5Aopen(group, name.c_str(), H5P_DEFAULT), H5Aclose);
    if (!attribute.good()) throw fail(name, "cannot be read");
    const Id type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
    const hssize_t count = space.good() ? H5Sget_simple_extent_npoints(space) : -1;
    if (!type.good() || count < 0) throw fail(name, "cannot be read");
    if (count == 0) return {};
    if (H5Tget_class(type) != H5T_STRING) {
      // A layer without weights has an empty list, which some writers give another type.
      throw fail(name, "is no list of names");
    }
    const auto number = static_cast<std::uint64_t>(count);
    const std::uint64_t width = H5Tget_size(type);
    if (width == 0 || number > (std::uint64_t{1} << 40) / width) throw fail(name, "is too long");
    budget_.take(number * width, name);
    // Keras writes none; the library's heap of such strings does not survive damaged files.
    if (H5Tis_variable_str(type) != 0) throw fail(name, "holds strings of variable length");
    std::vector<std::string> all;
    std::vector<char> raw(number * width);
    if (H5Aread(attribute, type, raw.data()) < 0) throw fail(name, "cannot be read");
    for (std::uint64_t i = 0; i < number; ++i) {
      const std::string padded(raw.data() + i * width, width);
      all.push_back(padded.substr(0, padded.find('\0')));
    }
    return all;
  }

  FileTensor read_tensor(hid_t group, const std::string& layer, const std::string& name) {
    const std::string where = layer + "/" + name;
    check_links(group, name);
    const Id set(H5Dopen2(group, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!set.good()) throw fail(where, "is no tensor");
    const Id space(H5Dget_space(set), H5Sclose), type(H5Dget_type(set), H5Tclose);
    const Shape shape = shape_of(space, where);
    const NumberType stored = type_of(type, where);
    check_layout(set, shape.count() * bytes_of(stored), where);
    budget_.take(shape.count() * sizeof(float), where);
    FileTensor result{name, layer, stored, Tensor::empty(shape)};
    if (shape.count() != 0 &&
        H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, result.tensor.data()) < 0) {
      throw fail(where, "cannot be read");
    }
    return result;
  }

  Shape shape_of(hid_t space, const std::string& where) const {
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > static_cast<int>(Shape::max_rank)) {
      throw fail(where, fmt::format("has {} axes, expected at most {}", rank, Shape::max_rank));
    }
    std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
    std::uint64_t count = 1;
    for (const hsize_t size : sizes) {
      if (size != 0 && count > (std::uint64_t{1} << 40) / size) throw fail(where, "is too big");
      count *= size;
    }
    return Shape(std::vector<std::size_t>(sizes.begin(), sizes.end()));
  }

  NumberType type_of(hid_t type, const std::string& where) const {
    const std::size_t bytes = H5Tget_size(type);
    const H5T_class_t kind = H5Tget_class(type);
    if (kind == H5T_FLOAT && bytes == 4) return NumberType::f32;
    if (kind == H5T_FLOAT && bytes == 8) return NumberType::f64;
    if (kind == H5T_FLOAT && bytes == 2) return NumberType::f16;
    if (kind == H5T_INTEGER && bytes == 8) return NumberType::i64;
    if (kind == H5T_INTEGER && bytes == 4) return NumberType::i32;
    throw fail(where, "holds neither floating point nor whole numbers");
  }

  // What is not compressed must be there in full; what is, must claim a possible size. No data of
  // other files.
  void check_layout(hid_t set, std::uint64_t bytes, const std::string& where) {
    const Id plan(H5Dget_create_plist(set), H5Pclose);
    const H5D_layout_t layout = plan.good() ? H5Pget_layout(plan) : H5D_LAYOUT_ERROR;
    if (layout < 0 || layout == H5D_VIRTUAL || H5Pget_external_count(plan) != 0) {
      throw fail(where, "keeps its numbers in another file");
    }
    if (layout != H5D_CHUNKED) {
      if (H5Dget_storage_size(set) != bytes) throw fail(where, "is not there in full");
      return;
    }
    std::vector<hsize_t> chunk(Shape::max_rank + 1, 1);
    H5Pget_chunk(plan, static_cast<int>(chunk.size()), chunk.data());
    std::uint64_t chunk_bytes = sizeof(double);
    for (const hsize_t size : chunk) {
      if (size != 0 && chunk_bytes > (std::uint64_t{1} << 40) / size) {
        throw fail(where, "has chunks that are too big");
      }
      chunk_bytes *= size;
    }
    budget_.take(chunk_bytes, where);
  }

  std::string path_;
  ReadBudget budget_;
  Id file_;
};

}  // namespace

WeightFile read_keras_h5(const InputFile& file) { return KerasFile(file).read(); }

#endif

}  // namespace hilum
