#pragma once
// What the dashboard's page has beyond every page, embedded at build time.

#include <string_view>

namespace squall::coordinator {

std::string_view dashboard_body();
std::string_view dashboard_style();
std::string_view dashboard_script();

}  // namespace squall::coordinator
