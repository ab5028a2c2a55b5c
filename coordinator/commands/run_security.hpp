#pragma once
// Who may come in to a run, and how that is told: keys, loopback alone, or nobody checked at all.

#include <filesystem>
#include <string>

#include "actors/bridge/zmq_link.hpp"

namespace squall::coordinator {

struct RunSecurity {
  actors::RouterSecurity router;
  std::filesystem::path local_pairs;  // folder of local agents' pairs: local-1.key …
  std::string in_words;  // for reports: "curve", "loopback without keys", "INSECURE…"

  bool has_keys() const { return !router.keys.empty(); }
};

/// `keys`: folder, or empty; then the default folder is taken where `listen` is beyond loopback and
/// a coordinator's key is there. `insecure`: plain connections beyond loopback are wanted. Throws
/// UsageError for both of them, actors::KeyError, actors::LinkError for an address that is none.
RunSecurity security_of(const std::string& listen, const std::string& keys, bool insecure);

/// Makes pairs for local agents in `folder` and trusts them for this run, beside the coordinator's
/// own, so that it may ask who is there. Does nothing without keys. Throws actors::KeyError.
void trust_local_agents(RunSecurity& security, std::size_t count,
                        const std::filesystem::path& folder);

/// Trusts again those that trust_local_agents() made for a run that goes on. Throws
/// actors::KeyError.
void trust_local_agents_again(RunSecurity& security, const std::filesystem::path& folder);

}  // namespace squall::coordinator
