// See pool_window.h.
#include "kernels/pool_window.h"

#include "kernels/error.h"

namespace hilum {

std::string PoolWindow::describe() const {
  std::string text = fmt::format("{}x{}x{}x{} {}x{}", n, h, w, c, r, s);
  text += stride_h == stride_w ? fmt::format(" /{}", stride_h)
                               : fmt::format(" /{}x{}", stride_h, stride_w);
  if (pad_h != 0 || pad_w != 0) {
    text +=
        pad_h == pad_w ? fmt::format(" pad {}", pad_h) : fmt::format(" pad {}x{}", pad_h, pad_w);
  }
  return ceil_mode ? text + " ceil" : text;
}

void check(const PoolWindow& a, const char* op) {
  if (a.n == 0 || a.h == 0 || a.w == 0 || a.c == 0 || a.r == 0 || a.s == 0 || a.stride_h == 0 ||
      a.stride_w == 0) {
    throw usage_error("{} {}: a size or stride is zero.", op, a.describe());
  }
  if (a.pad_h >= a.r || a.pad_w >= a.s) {
    throw usage_error(
        "{} {}: padding of {}x{} would leave windows with no pixel. Use padding smaller than the "
        "window.",
        op, a.describe(), a.pad_h, a.pad_w);
  }
  if (a.r > a.h + 2 * a.pad_h || a.s > a.w + 2 * a.pad_w) {
    throw usage_error(
        "{} {}: the window is larger than the padded image, {}x{}. Use larger images or fewer "
        "pooling layers.",
        op, a.describe(), a.h + 2 * a.pad_h, a.w + 2 * a.pad_w);
  }
}

}  // namespace hilum
