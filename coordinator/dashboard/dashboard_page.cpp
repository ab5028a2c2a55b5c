#include "coordinator/dashboard/dashboard_page.hpp"

#include <vector>

#include "coordinator/dashboard/dashboard_assets.hpp"
#include "coordinator/dashboard/dashboard_json.hpp"
#include "coordinator/pages/content_policy.hpp"
#include "coordinator/pages/page.hpp"
#include "coordinator/pages/page_assets.hpp"

namespace squall::coordinator {

namespace {

DashboardPage made_page() {
  const std::string style = std::string(page_style()) + std::string(dashboard_style());
  std::vector<std::string_view> scripts = page_scripts();
  scripts.push_back(dashboard_script());
  DashboardPage page;
  // Besides what every page may do: hear from whoever served it, and have no icon.
  page.policy =
      content_policy(style, scripts, "connect-src 'self'; img-src data:; frame-ancestors 'none'");
  page.html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>squall</title>\n<style>" +
      style + "</style>\n</head>\n<body>\n" + std::string(dashboard_body()) +
      "<footer><details><summary>Charts are drawn by " + escaped(chart_library_name()) +
      " (MIT licence), which is part of this page</summary><pre>\n" +
      escaped(chart_library_licence()) + "</pre></details></footer>\n" +
      "<script type=\"application/json\" id=\"dashboard-charts\">" +
      json_in_script(dashboard_charts()) + "</script>\n";
  for (const std::string_view script : scripts)
    page.html += "<script>" + std::string(script) + "</script>\n";
  page.html += "</body>\n</html>\n";
  return page;
}

}  // namespace

const DashboardPage& dashboard_page() {
  static const DashboardPage page = made_page();
  return page;
}

}  // namespace squall::coordinator
