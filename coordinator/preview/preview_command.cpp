#include "coordinator/preview/preview_command.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>

#include "coordinator/commands/report_file.hpp"
#include "coordinator/commands/run_command.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/preview/load_preview.hpp"
#include "coordinator/preview/preview_json.hpp"
#include "coordinator/preview/preview_text.hpp"
#include "scenarios/datasets/dataset_error.hpp"
#include "scenarios/datasets/trace_reader.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

namespace {

std::shared_ptr<const scenarios::Trace> trace_beside(const scenarios::Scenario& scenario,
                                                     const std::string& scenario_file) {
  try {
    return scenarios::trace_of(scenario, std::filesystem::path(scenario_file).parent_path());
  } catch (const scenarios::DatasetError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

int preview_command(const PreviewCommand& command) {
  ReportFile json(command.json);
  const auto scenario =
      scenarios::parse_scenario(read_scenario(command.scenario), command.scenario);
  const PreviewStyle style{.width = terminal_width(stdout),
                           .colour = colour_wanted(stdout),
                           .unicode = unicode_wanted(stdout)};
  const LoadPreview preview =
      preview_load(scenario, {.agents = command.agents, .bins = preview_bins(style)},
                   trace_beside(scenario, command.scenario));
  const std::string text = preview_text(scenario, preview, style);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return json.wanted() && !json.write(preview_json(scenario, preview)) ? 1 : 0;
}

}  // namespace squall::coordinator
