#include "agents/open_files.hpp"

#include <sys/resource.h>

namespace squall::agents {

namespace {

constexpr std::uint64_t spare = 64;  // logs, links, the model, libraries' own

}  // namespace

std::uint64_t raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

std::string open_files_shortage(std::uint64_t connections, std::uint64_t limit) {
  if (connections + spare <= limit) return {};
  return std::to_string(connections) + " connections at once need more than the " +
         std::to_string(limit) +
         " files and sockets that this process may have open; raise the limit (`ulimit -Hn`, or "
         "LimitNOFILE= of a service), spread the load over more agents, or ask for fewer at once";
}

}  // namespace squall::agents
