#include "coordinator/commands/gathering_news.hpp"

#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

struct HostAndPort {
  std::string host, port;
};

HostAndPort parts_of(const std::string& endpoint) {
  const std::string address = endpoint.substr(endpoint.find("//") + 2);
  const auto colon = address.rfind(':');
  return {address.substr(0, colon), address.substr(colon + 1)};
}

bool is_loopback(const std::string& host) {
  return host.rfind("127.", 0) == 0 || host == "localhost" || host == "[::1]";
}

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + printable(word, 60);
  return text;
}

std::string whom(const Participants& who) {
  if (who.wait) return "whoever comes within " + readable(*who.wait) + " takes part";
  if (!who.names.empty()) return "waiting for " + list(who.names);
  return "waiting for " + plural(who.agents, "agent");
}

}  // namespace

std::string reachable_endpoint(const Entrance& entrance) {
  const auto [host, port] = parts_of(entrance.endpoint);
  const bool everywhere = host == "0.0.0.0" || host == "*" || host == "[::]";
  if (!everywhere) return entrance.endpoint;
  const auto& own = entrance.own_addresses;
  return "tcp://" + (own.empty() ? std::string("THIS-MACHINE") : own.front()) + ":" + port;
}

std::vector<std::string> invitation(const Entrance& entrance, const Participants& who) {
  const bool here_only = is_loopback(parts_of(entrance.endpoint).host);
  std::vector<std::string> lines;
  lines.push_back(whom(who) + "; " +
                  (here_only
                       ? "on this machine (" + entrance.endpoint + " is loopback), start each with"
                       : "on each of their machines, start it with"));
  std::string command = "  squall agent --connect " + reachable_endpoint(entrance);
  if (!who.names.empty()) command += " --name NAME";
  if (!entrance.keys.empty()) command += " --keys NAME.key --coordinator-key coordinator.pub";
  if (entrance.insecure && !here_only) command += " --insecure";
  lines.push_back(command);
  if (!entrance.keys.empty()) {
    lines.push_back("once for each agent: squall keys make NAME --keys " + entrance.keys +
                    ", then move agents/NAME.key and copy coordinator.pub from there to it");
  }
  if (here_only)
    lines.push_back(
        "for other machines: --ssh HOST,HOST starts agents there, or --listen tcp://0.0.0.0:PORT "
        "with --keys");
  return lines;
}

std::vector<std::string> GatheringNews::update(const std::vector<AgentThere>& there) {
  std::vector<std::string> lines;
  for (const auto& agent : there)
    if (came_.insert(agent.name).second) lines.push_back(told(agent));
  return lines;
}

std::string GatheringNews::told(const AgentThere& agent) const {
  std::string line = printable(agent.name, 60) + " came from " + printable(agent.host, 60);
  std::string more = list(agent.labels);
  if (!agent.identity.empty())
    more += (more.empty() ? "key " : "; key ") + printable(agent.identity, 60);
  if (!more.empty()) line += " (" + more + ")";
  line += ": " + readable_count(came_.size());
  if (!who_.wait) line += " of " + readable_count(who_.agents);
  if (const auto absent = missing(); !absent.empty()) line += ", still missing: " + list(absent);
  return line;
}

std::vector<std::string> GatheringNews::missing() const {
  std::vector<std::string> absent;
  for (const auto& name : who_.names)
    if (!came_.contains(name)) absent.push_back(name);
  return absent;
}

}  // namespace squall::coordinator
