// Making, clearing and filling a run folder.
#include "apps/run_folder.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "apps/report.h"
#include "engine/file.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

constexpr std::array known_files = {"config.toml",         "run.json",     "history.csv",
                                    "best.safetensors",    "last.ckpt",    "predictions.csv",
                                    "val_predictions.csv", "metrics.json", "profile.csv",
                                    "trace.json",          "report.html"};

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) {
    throw data_error("{}: cannot be removed: {}. Check its permissions.", path.string(),
                     error.message());
  }
}

}  // namespace

bool RunFolder::empty() const {
  std::error_code error;
  if (!fs::exists(path, error)) return true;
  return fs::is_directory(path, error) && fs::is_empty(path, error);
}

void RunFolder::create() const {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    throw data_error("{}: is a file. Expected a folder for the run, or nothing.", path.string());
  }
  fs::create_directories(path, error);
  if (error) {
    throw data_error("{}: the run folder cannot be made: {}. Choose another --out.", path.string(),
                     error.message());
  }
}

void RunFolder::clear() const {
  for (const char* name : known_files) remove_file(path / name);
  remove_leftovers();
}

void RunFolder::remove_leftovers() const {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    const bool ours = std::any_of(known_files.begin(), known_files.end(), [&](const char* known) {
      return name.starts_with(std::string(known) + ".") && name.ends_with(".tmp");
    });
    if (ours) remove_file(entry.path());
  }
}

std::string history_csv(const std::vector<EpochRow>& history) {
  std::string text =
      "epoch,train_loss,train_accuracy,val_loss,val_accuracy,val_auc,lr,images_per_second,seconds,"
      "best,phase,wait_seconds\n";
  for (const EpochRow& row : history) {
    text += fmt::format("{},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{},{:.1f},{:.2f},{},{},{:.6g}\n",
                        row.epoch, row.train_loss, row.train_accuracy, row.val_loss,
                        row.val_accuracy, row.val_auc, row.lr, row.images_per_second, row.seconds,
                        row.best ? 1 : 0, row.phase, row.wait_seconds);
  }
  return text;
}

void write_results(const RunFolder& run, const Evaluation& evaluation) {
  write_file_atomically(run.predictions(), predictions_csv(evaluation.table));
  write_file_atomically(run.metrics(), json_text(metrics_json(evaluation), 2) + '\n');
}

}  // namespace hilum
