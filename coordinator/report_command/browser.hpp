#pragma once
// Shows a file in the browser of whoever sits at this machine.

#include <filesystem>
#include <string>

namespace squall::coordinator {

/// By xdg-open, which the desktops of Linux have. Empty when something took the file, else why
/// nothing did: "there is no xdg-open here".
std::string open_in_browser(const std::filesystem::path& file);

}  // namespace squall::coordinator
