// What a PNG or JPEG file says about itself and whether it is whole, found by walking its chunks or
// segments. The decoder (stb_image) checks neither checksums nor says clearly what is missing; a
// scan that was cut short in transfer must be named as such and not trained on.
#pragma once

#include <string>
#include <string_view>

#include "data/image.h"

namespace hilum {

struct Container {
  ImageInfo info;     // format is empty where the bytes are neither PNG nor JPEG
  std::string fault;  // why it cannot be decoded; empty where the file is whole
};

// PNG: W3C PNG (third edition), chunk layout in 5.3, CRC in 5.5. JPEG: ITU-T T.81 annex B.
Container inspect_container(std::string_view bytes);

}  // namespace hilum
