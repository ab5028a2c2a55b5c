#include "coordinator/preview/preview_command.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <variant>

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

std::shared_ptr<const scenarios::Trace> trace_of(const scenarios::Scenario& scenario,
                                                 const std::string& scenario_file) {
  const auto* replay = std::get_if<scenarios::TraceReplay>(&scenario.load);
  if (replay == nullptr) return nullptr;
  try {
    return scenarios::load_trace(std::filesystem::path(scenario_file).parent_path() / replay->file,
                                 *replay);
  } catch (const scenarios::DatasetError& error) {
    throw UsageError(error.what());
  }
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << '\n';
  file.close();
  if (!file)
    throw UsageError("cannot write " + path + ": " + std::strerror(errno) +
                     "; --json needs a path in a folder that exists and may be written to");
}

}  // namespace

int preview_command(const PreviewCommand& command) {
  const auto scenario =
      scenarios::parse_scenario(read_scenario(command.scenario), command.scenario);
  const PreviewStyle style{.width = terminal_width(stdout),
                           .colour = colour_wanted(stdout),
                           .unicode = unicode_wanted(stdout)};
  const LoadPreview preview =
      preview_load(scenario, {.agents = command.agents, .bins = preview_bins(style)},
                   trace_of(scenario, command.scenario));
  const std::string text = preview_text(scenario, preview, style);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!command.json.empty()) write_file(command.json, preview_json(scenario, preview));
  return 0;
}

}  // namespace squall::coordinator
