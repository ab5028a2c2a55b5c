#pragma once
// Style and scripts that every page holds, embedded at build time: ours, and Debian's Chart.js.

#include <string_view>
#include <vector>

namespace squall::coordinator {

std::string_view page_style();

/// In the order in which a page needs them: Chart.js; values, interaction, overlay; charts; the page.
/// The last one draws what the element "squall-charts" holds, so it comes after it.
std::vector<std::string_view> page_scripts();

/// "Chart.js v3.9.1", and under which terms it is passed on.
std::string_view chart_library_name();
std::string_view chart_library_licence();

}  // namespace squall::coordinator
