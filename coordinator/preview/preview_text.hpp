#pragma once
// The planned load drawn for a terminal or a log.

#include <cstddef>
#include <string>

#include "coordinator/preview/load_preview.hpp"

namespace squall::coordinator {

struct PreviewStyle {
  std::size_t width = 80;
  bool colour = false;
  bool unicode = false;  // the terminal shows UTF-8
};

/// `preview` was made from `scenario` with preview_bins(style) bins.
std::string preview_text(const scenarios::Scenario& scenario, const LoadPreview& preview,
                         const PreviewStyle& style);

/// How many stretches of time fit beside one another.
std::size_t preview_bins(const PreviewStyle& style);

}  // namespace squall::coordinator
