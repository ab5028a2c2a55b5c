// squall-hardware: what this machine is, how fast it can be at best, and which class that makes it.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

#include "actors/tool_version.hpp"
#include "agents/hardware/agent_hardware.hpp"
#include "agents/hardware/hardware_report.hpp"

namespace {

using namespace squall;

constexpr const char* description =
    R"(Tells what this machine is, measures how fast it can be at best, and says which class of
hardware that makes it: what thresholds start from, and which runs may be compared.

  squall hardware                 in two seconds, for people
  squall hardware --no-measure    at once, without the ceilings
  squall hardware --json          for programs

Agents tell the same with each run. They measure once a start of the machine; what is measured
here replaces that where it is higher. docs/hardware.md says what is read from where.)";

constexpr const char* footer = R"(
Environment: SQUALL_HARDWARE_CLASS (declares the class), SQUALL_INSTRUCTION_SET (measures other
kernels than the best), XDG_CACHE_HOME (where measured ceilings are kept).

Exit codes: 0 told, 1 internal error, 2 usage error.)";

/// Nobody who waits two seconds for nothing should wonder.
void say_on_terminal(const char* what) {
  if (isatty(STDERR_FILENO) != 0) std::fputs(what, stderr);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{description, "squall hardware"};
  app.footer(footer);
  app.set_version_flag("--version", "squall " + std::string(actors::tool_version));
  agents::HardwareWishes wishes;
  bool as_json = false;
  bool no_measure = false;
  app.add_flag("--json", as_json, "print JSON");
  app.add_flag("--no-measure", no_measure, "only what can be read, at once");
  app.add_option("--hardware-class", wishes.declared_class,
                 "declare the class, whatever the rules say: gpu-high-end, gpu-mid-range, "
                 "gpu-integrated, cpu-high-end, cpu-mid-range, cpu-low-end, mobile")
      ->option_text("CLASS");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  wishes.measuring = no_measure ? agents::Measuring::never : agents::Measuring::again;
  wishes.on_measuring = [] { say_on_terminal("measuring for two seconds ...\n"); };
  wishes.on_measuring_gpus = [] { say_on_terminal("measuring the GPUs ...\n"); };
  wishes.wait = [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return true;
  };
  try {
    auto facts = agents::hardware_here(wishes);
    if (!no_measure) agents::look_for_gpus(wishes, facts);
    const std::string text =
        as_json ? agents::hardware_json_text(facts) : agents::hardware_text(facts);
    return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "squall hardware: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall hardware: internal error: %s\n", error.what());
    return 1;
  }
}
