#include "coordinator/commands/run_options.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "coordinator/processes/local_agents.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t most_local = 64;
constexpr const char* blanks = " \t\r";

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void check_one_way_to_gather(const RunOptions& options) {
  const int ways = (options.agents ? 1 : 0) + (options.wait.empty() ? 0 : 1) +
                   (options.agents_file.empty() ? 0 : 1);
  if (ways > 1)
    throw UsageError(
        "--agents, --wait and --agents-file are three ways to say who takes part; give one of "
        "them");
}

void check_this_machine_only(const RunOptions& options) {
  if (!options.wait.empty() || !options.agents_file.empty())
    throw UsageError(
        "without --listen only local agents can come; say where others connect, for instance "
        "--listen tcp://127.0.0.1:5555 (this machine) or --listen tcp://0.0.0.0:5555 with --keys");
  if (options.agents && options.local && *options.agents != *options.local)
    throw UsageError(
        "without --listen all agents are local: --agents and --local say the same, give one of "
        "them");
  if (options.local.value_or(1) == 0 || options.agents.value_or(1) == 0)
    throw UsageError(
        "without --listen or --ssh the agents are started here, and none would be: at least one is "
        "needed");
  if (options.agents.value_or(1) > most_local)
    throw UsageError("at most " + std::to_string(most_local) +
                     " agents on one machine; they share its cores and measure each other");
}

/// `names` with those that this program starts by itself, who need not be in the file.
void add_own(std::vector<std::string>& names, const Participants& who) {
  auto own = names_of_hosts(who.ssh);
  for (std::size_t i = 1; i <= who.local; ++i) own.push_back(local_agent_name(i));
  for (auto& name : own)
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

}  // namespace

nanoseconds waiting_time(const std::string& text) {
  try {
    const double seconds = scenarios::parse_duration(text);
    if (seconds <= 0) throw UsageError("--wait must be above 0; got " + text);
    return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
  } catch (const scenarios::ThresholdError&) {
    throw UsageError("--wait takes a duration such as 60s or 5m; got '" + text + "'");
  }
}

Participants participants_of(const RunOptions& options) {
  check_one_way_to_gather(options);
  Participants who;
  who.ssh = options.ssh;
  const auto hosts = names_of_hosts(options.ssh);  // checks them
  if (options.listen.empty() && options.ssh.empty()) {
    check_this_machine_only(options);
    who.local = who.agents = options.local.value_or(options.agents.value_or(1));
    return who;
  }
  if (options.listen.empty() && (!options.wait.empty() || !options.agents_file.empty()))
    throw UsageError("--wait and --agents-file need --listen: where should others connect?");
  who.local = options.local.value_or(0);
  const std::size_t own = who.local + who.ssh.size();
  if (!options.wait.empty()) {
    who.wait = waiting_time(options.wait);
    who.agents = 0;
    who.from_elsewhere = true;
  } else if (!options.agents_file.empty()) {
    who.names =
        parse_agent_names(read_text_file(options.agents_file, "cannot read the list of agents",
                                         "--agents-file takes a file with one name a line"),
                          options.agents_file);
    add_own(who.names, who);
    who.agents = who.names.size();
    who.from_elsewhere = who.agents > own;
  } else {
    who.agents = options.agents.value_or(std::max<std::size_t>(own, 1));
    if (who.agents < own)
      throw UsageError("--agents " + std::to_string(who.agents) +
                       " is how many take part in all, but --local and --ssh start " +
                       std::to_string(own));
    who.from_elsewhere = who.agents > own;
  }
  if (who.from_elsewhere && options.listen.empty())
    throw UsageError("--ssh starts " + std::to_string(own) + " agents and --agents asks for " +
                     std::to_string(who.agents) +
                     "; the others need --listen, to know where to connect");
  return who;
}

void check_labels(const RunOptions& options, const Participants& who,
                  const scenarios::AgentRules& rules) {
  for (const auto& label : rules.require) {
    const bool given = std::ranges::find(options.local_labels, label) != options.local_labels.end();
    if (!given && who.local + who.ssh.size() > 0)
      throw UsageError("the scenario wants agents with the label '" + label +
                       "', and those that are started here have it not; add --local-label " +
                       label);
  }
}

std::vector<std::string> names_of_hosts(const std::vector<std::string>& hosts) {
  std::vector<std::string> names;
  for (const auto& host : hosts) {
    const bool odd =
        std::ranges::any_of(host, [](unsigned char c) { return c <= ' ' || c == 127; });
    std::string name = host.substr(host.rfind('@') + 1);
    if (name.empty() || odd || host.front() == '-')
      throw UsageError("--ssh takes host names separated by commas, such as web1,me@web2; got '" +
                       host + "'");
    const std::string first = name;
    for (int number = 2; std::ranges::find(names, name) != names.end(); ++number)
      name = first + "-" + std::to_string(number);
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> parse_agent_names(const std::string& text, const std::string& file) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string name = trimmed(line.substr(0, line.find('#')));
    if (name.empty()) continue;
    const std::string place = file + ":" + std::to_string(number) + ": ";
    if (name.find_first_of(blanks) != std::string::npos)
      throw UsageError(place + "one name a line; got '" + name + "'");
    if (!seen.insert(name).second) throw UsageError(place + "'" + name + "' is there twice");
    names.push_back(name);
  }
  if (names.empty())
    throw UsageError(file + " names no agent; write one name a line, as agents give with --name");
  return names;
}

std::string read_text_file(const std::string& path, const std::string& what,
                           const std::string& remedy) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw UsageError(what + " " + path + ": it is a directory; " + remedy);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UsageError(what + " " + path + ": " + std::strerror(errno) + "; " + remedy);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace squall::coordinator
