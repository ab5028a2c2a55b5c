#pragma once
// A coordinator and agents as processes of their own on loopback, with keys, a port and a folder of
// state of the test's own.

#include <algorithm>
#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "tests/fixtures/process.hpp"
#include "tests/fixtures/waiting.hpp"

namespace squall::tests {

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A port that nobody listens on just now.
inline int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  close(socket);
  return ntohs(address.sin_port);
}

/// How a test run is made.
struct CampaignScenario {
  std::string measure = "1s";
  std::string agents{};  // the [agents] table's keys
  int rate = 30;         // arrivals a second, evenly
};

class Campaign {
 public:
  const TemporaryFolder folder;
  const std::string endpoint = "tcp://127.0.0.1:" + std::to_string(free_port());

  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  std::string program(const std::string& name) const {
    return std::string(SQUALL_PROGRAMS) + "/" + name;
  }
  std::vector<std::string> environment() const {
    return {"SQUALL_STATE=" + path("state"), "SQUALL_KEYS=" + path("keys")};
  }

  std::string scenario(const CampaignScenario& how) const {
    return folder.write(
        "test.toml",
        "name = \"campaign\"\nseed = 7\nthresholds = [\"error_rate < 50%\"]\n"
        "[target]\nkind = \"simulated\"\n[arrivals]\nprocess = \"constant\"\nrate = " +
            std::to_string(how.rate) +
            "\n[prompts]\ntokens = 8\n[answers]\ntokens = 4\n[agents]\n" + how.agents +
            "\n[phases]\nmeasure = \"" + how.measure + "\"\ndrain = \"2s\"\n");
  }

  /// `squall` with these words; output in the process.
  std::unique_ptr<Process> squall(std::vector<std::string> words) const {
    words.insert(words.begin(), program("squall"));
    return std::make_unique<Process>(words, environment());
  }
  std::unique_ptr<Process> run(const CampaignScenario& how, std::vector<std::string> more) const {
    std::vector<std::string> words{"run",    scenario(how), "--listen",
                                   endpoint, "--json",      path("run.json")};
    words.insert(words.end(), more.begin(), more.end());
    return squall(words);
  }
  std::unique_ptr<Process> agent(const std::string& name,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{program("squall-agent"), "--connect", endpoint, "--name", name};
    if (std::find(more.begin(), more.end(), "--wait-for-run") == more.end())
      words.insert(words.end(), {"--wait-for-run", "30s"});
    words.insert(words.end(), more.begin(), more.end());
    return std::make_unique<Process>(words, environment());
  }
  std::vector<std::string> keys_of(const std::string& name) const {
    return {"--keys", path("keys/agents/" + name + ".key"), "--coordinator-key",
            path("keys/coordinator.pub")};
  }
  void make_keys(const std::vector<std::string>& names) const {
    std::vector<std::string> words{"keys", "make", "--coordinator"};
    words.insert(words.end(), names.begin(), names.end());
    const auto made = squall(words);
    BOOST_REQUIRE_MESSAGE(made->wait(std::chrono::seconds(20)) == 0, made->err());
  }

  nlohmann::json report() const { return nlohmann::json::parse(read_file(path("run.json"))); }
};

}  // namespace squall::tests
