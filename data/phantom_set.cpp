// Writes a whole phantom set: who has what, who is in which split, files, and the manifest at the
// end.
#include <algorithm>
#include <exception>
#include <regex>
#include <system_error>

#include "data/phantom.h"
#include "engine/file.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace hilum {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kClasses = kPhantomClassNames.size();
constexpr const char* kMarker = ".phantom";  // says that a folder is ours
constexpr const char* kManifest = "manifest.csv";

struct Case {
  PhantomClass label = PhantomClass::normal;
  const char* split = "";
};

// Classes go round and are then shuffled, so that no patient number tells its class. Of each class
// about 30 % are held out, at least two, the odd one for the test.
std::vector<Case> plan_cases(const PhantomOptions& options) {
  const std::size_t n = options.patients;
  std::vector<Case> cases(n);
  const std::vector<std::size_t> order = permutation(n, options.seed, purpose("phantom plan"));
  for (std::size_t label = 0; label < kClasses; ++label) {
    std::vector<std::size_t> members;
    for (std::size_t i = label; i < n; i += kClasses) members.push_back(order[i]);
    const std::size_t held = std::max<std::size_t>(2, (members.size() * 3 + 5) / 10);
    const std::size_t test = (held + 1) / 2;
    for (std::size_t k = 0; k < members.size(); ++k) {
      cases[members[k]] = {static_cast<PhantomClass>(label), k < test   ? "test"
                                                             : k < held ? "val"
                                                                        : "train"};
    }
  }
  return cases;
}

bool is_ours(const std::string& relative) {
  static const std::regex pattern(
      R"((\.phantom|(manifest|faults)\.csv|((train|val|test)/[a-z]+|masks/(lung|lesion))/(p\d+_\d+|x\d+)\.png)(\.\d+\.tmp)?)");
  return std::regex_match(relative, pattern);
}

// An empty or missing folder is fine; one of ours is emptied; anything else is refused untouched.
void prepare_folder(const fs::path& out) {
  std::error_code error;
  const fs::file_status status = fs::status(out, error);
  if (!fs::exists(status)) return;
  if (!fs::is_directory(status)) {
    throw data_error("{}: is not a folder. Expected a new or empty folder. Choose another name.",
                     out.string());
  }
  std::vector<fs::path> files, folders;
  try {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(out)) {
      (entry.is_directory() && !entry.is_symlink() ? folders : files).push_back(entry.path());
    }
    if (files.empty() && folders.empty()) return;
    const bool marked = fs::exists(out / kMarker);
    for (const fs::path& file : files) {
      if (marked && is_ours(file.lexically_relative(out).generic_string())) continue;
      throw data_error(
          "{}: holds {}, which no phantom set has. Expected an empty folder or an earlier phantom "
          "set. Choose another folder or empty this one.",
          out.string(), file.lexically_relative(out).string());
    }
    if (!marked) {
      throw data_error(
          "{}: holds folders of unknown origin. Expected an empty folder or an earlier phantom "
          "set. "
          "Choose another folder or empty this one.",
          out.string());
    }
    fs::remove(out / kManifest);  // from here on the set is not complete
    for (const fs::path& file : files) {
      if (file.filename() != kMarker) fs::remove(file);
    }
    std::sort(folders.begin(), folders.end());
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) fs::remove(*folder);
  } catch (const fs::filesystem_error& failure) {
    throw data_error("{}: cannot be prepared: {}. Check its permissions.", out.string(),
                     failure.code().message());
  }
}

double share(const Image& mask, const Image& of) {
  const auto count = [](const Image& m) {
    return std::count(m.pixels.begin(), m.pixels.end(), 255);
  };
  const auto whole = count(of);
  return whole == 0 ? 0 : static_cast<double>(count(mask)) / static_cast<double>(whole);
}

// Writes one patient's files; returns its lines of the manifest.
std::string write_patient(const fs::path& out, const PhantomOptions& options, std::size_t number,
                          const Case& its) {
  const PhantomPatient patient(options, number, its.label);
  const std::string id = fmt::format("p{:04}", number);
  const std::string_view label = kPhantomClassNames[static_cast<std::size_t>(its.label)];
  std::string lines;
  for (std::size_t slice = 0; slice < options.slices; ++slice) {
    const PhantomSlice made = make_phantom_slice(patient, slice);
    const std::string name = fmt::format("{}_{:02}.png", id, slice);
    const std::string path = fmt::format("{}/{}/{}", its.split, label, name);
    write_png(out / path, made.image);
    write_png(out / "masks" / "lung" / name, made.lung);
    write_png(out / "masks" / "lesion" / name, made.lesion);
    const Image everything{1, made.lung.pixels.size(), 1,
                           std::vector<std::uint8_t>(made.lung.pixels.size(), 255)};
    lines += fmt::format("{},{},{},{},{:.5f},{:.5f}\n", path, label, its.split, id,
                         share(made.lung, everything), share(made.lesion, made.lung));
  }
  return lines;
}

}  // namespace

void write_phantom_set(const fs::path& out, const PhantomOptions& options,
                       const PhantomProgress& progress) {
  if (options.patients < 3 * kClasses || options.patients > 100000) {
    throw usage_error(
        "Phantom patients {}: expected 12 (one of each class in each split) to 100000. Choose "
        "another number.",
        options.patients);
  }
  const std::vector<Case> cases = plan_cases(options);
  // Options out of range show here, before anything on the disk is touched.
  PhantomPatient(options, 0, cases[0].label);
  prepare_folder(out);
  write_file_atomically(out / kMarker,
                        fmt::format("phantom set: patients={} slices={} size={} seed={}\n",
                                    options.patients, options.slices, options.size, options.seed));

  std::vector<std::string> lines(cases.size());
  std::exception_ptr failure;
  std::size_t done = 0;
#pragma omp parallel for schedule(dynamic, 1)
  for (std::size_t i = 0; i < cases.size(); ++i) {
    bool stop = false;
#pragma omp critical(hilum_phantom_set)
    stop = failure != nullptr;
    if (stop) continue;
    try {
      lines[i] = write_patient(out, options, i, cases[i]);
#pragma omp critical(hilum_phantom_set)
      {
        // An exception must not leave the critical section.
        try {
          if (progress) progress(++done, cases.size());
        } catch (...) {
          failure = std::current_exception();
        }
      }
    } catch (...) {
#pragma omp critical(hilum_phantom_set)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);

  std::string manifest = "path,label,split,group,lung_fraction,lesion_fraction\n";
  for (const std::string& line : lines) manifest += line;
  write_file_atomically(out / kManifest, manifest);
}

}  // namespace hilum
