#include "coordinator/commands/run_security.hpp"

#include "actors/bridge/link_address.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/processes/local_agents.hpp"

namespace squall::coordinator {

namespace {

namespace fs = std::filesystem;
using namespace actors;

bool has_coordinator_key(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "coordinator.key", ignored);
}

/// Whoever holds the coordinator's secret may ask who takes part.
void trust_coordinator(RunSecurity& security) {
  security.router.also_trusted.push_back(
      {"coordinator", read_key_pair(security.router.keys / "coordinator.key").public_key});
}

}  // namespace

RunSecurity security_of(const std::string& listen, const std::string& keys, bool insecure) {
  const bool loopback = listening_address(listen).is_loopback;
  if (insecure && !keys.empty())
    throw UsageError("--keys encrypts and --insecure gives that up; give one of them");
  RunSecurity security;
  if (!keys.empty())
    security.router.keys = fs::absolute(keys);
  else if (!loopback && !insecure && has_coordinator_key(default_key_folder()))
    security.router.keys = default_key_folder();
  security.router.allow_plain_anywhere = insecure;
  if (security.has_keys())
    security.in_words = "curve";
  else if (loopback)
    security.in_words = "loopback without keys";
  else
    security.in_words = "INSECURE: plain connections, anybody may take part and read everything";
  return security;
}

void trust_local_agents(RunSecurity& security, std::size_t count, const fs::path& folder) {
  if (!security.has_keys()) return;
  trust_coordinator(security);
  security.local_pairs = folder;
  if (count == 0) return;
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  for (std::size_t number = 1; number <= count; ++number) {
    const std::string name = local_agent_name(number);
    const KeyPair pair = make_key_pair();
    write_key_pair(folder / (name + ".key"), pair);
    security.router.also_trusted.push_back({name, pair.public_key});
  }
}

void trust_local_agents_again(RunSecurity& security, const fs::path& folder) {
  if (!security.has_keys()) return;
  trust_coordinator(security);
  security.local_pairs = folder;
  std::error_code none;  // a run without local agents has no folder
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().extension() == ".key")
      security.router.also_trusted.push_back(
          {entry.path().stem().string(), read_key_pair(entry.path()).public_key});
}

}  // namespace squall::coordinator
