#include "coordinator/processes/ssh_agents.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "scenarios/text/shell_words.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

using scenarios::shell_quoted;

namespace {

constexpr unsigned tries = 8;               // of far ports
constexpr std::size_t longest_line = 1000;  // of what is shown; a far program may say anything
constexpr unsigned first_port = 20'000, ports = 10'000;

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

[[noreturn]] void fail(const char* what) {
  throw ProcessError(std::string(what) + ": " + std::strerror(errno));
}

/// Something to read from that says nothing and never ends while its reader has it: a pipe that is
/// open at both ends through one descriptor.
int endless_input() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("cannot make a pipe for ssh");
  const Descriptor reading(ends[0]), writing(ends[1]);
  const int both = open(("/proc/self/fd/" + std::to_string(ends[0])).c_str(), O_RDWR | O_CLOEXEC);
  if (both < 0) fail("cannot open a pipe for ssh");
  return both;
}

}  // namespace

std::string far_command(const SshPlan& plan, const std::string& name, unsigned port) {
  std::string agent = shell_quoted(plan.program) +
                      " agent --connect tcp://127.0.0.1:" + std::to_string(port) + " --name " +
                      shell_quoted(name);
  for (const auto& label : plan.labels) agent += " --label " + shell_quoted(label);
  if (plan.keys)
    agent += " --keys \"$keys\"/" + shell_quoted(name + ".key") +
             " --coordinator-key \"$keys\"/coordinator.pub";
  // The agent reads nothing; a second process waits for the end of ssh and passes it on.
  const std::string script =
      "keys=${SQUALL_KEYS:-${XDG_CONFIG_HOME:-$HOME/.config}/squall/keys}; exec 3<&0; " + agent +
      " </dev/null 3<&- & agent=$!; "
      "(cat <&3; kill -TERM $agent) >/dev/null 2>&1 & end=$!; "
      "exec 3<&-; wait $agent; code=$?; kill $end 2>/dev/null; exit $code";
  return "exec sh -c " + shell_quoted(script);
}

std::vector<std::string> ssh_command(const SshPlan& plan, std::size_t host, unsigned port) {
  const std::string tunnel = "127.0.0.1:" + std::to_string(port) + ":" + plan.coordinator;
  return {plan.ssh,
          "-T",  // no terminal: standard error stays apart
          "-o",
          "BatchMode=yes",  // a question would wait for an answer that nobody can give
          "-o",
          "ExitOnForwardFailure=yes",
          "-o",
          "ServerAliveInterval=15",
          "-o",
          "ServerAliveCountMax=4",
          "-R",
          tunnel,
          "--",
          plan.hosts[host],
          far_command(plan, plan.names[host], port)};
}

unsigned far_port(const std::string& coordinator, std::size_t host, unsigned attempt) {
  const unsigned long own = std::stoul(coordinator.substr(coordinator.rfind(':') + 1));
  // 7919 is prime and no divisor of the range, so tries spread over it before they repeat.
  return static_cast<unsigned>(first_port + (own + host * 37 + attempt * 7919UL) % ports);
}

SshAgents::~SshAgents() { wait_or_end(0ms); }

void SshAgents::start(SshPlan plan) {
  plan_ = std::move(plan);
  sessions_.resize(plan_.hosts.size());
  for (std::size_t host = 0; host < sessions_.size(); ++host) begin(host);
}

void SshAgents::begin(std::size_t host) {
  Session& session = sessions_[host];
  const Descriptor input(endless_input());
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("cannot make a pipe for ssh");
  Descriptor reading(ends[0]);
  const Descriptor writing(ends[1]);
  fcntl(reading.get(), F_SETFL, O_NONBLOCK);
  const auto port = far_port(plan_.coordinator, host, session.attempt);
  session.process =
      start_child(ssh_command(plan_, host, port), {.input = input.get(), .errors = writing.get()});
  session.errors = reading.release();
}

std::vector<SshNews> SshAgents::poll() {
  std::vector<SshNews> news;
  for (std::size_t host = 0; host < sessions_.size(); ++host) {
    if (sessions_[host].process == 0) continue;
    read(host, news);
    reap(host, news);
  }
  return news;
}

void SshAgents::read(std::size_t host, std::vector<SshNews>& news) {
  Session& session = sessions_[host];
  std::array<char, 4096> buffer;
  // Bounded, so that a program that never stops talking does not stop us.
  for (int round = 0; round < 16; ++round) {
    const auto got = ::read(session.errors, buffer.data(), buffer.size());
    if (got <= 0) return;
    for (const char each : std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
      if (each == '\n')
        heard(host, std::exchange(session.begun, {}), news);
      else if (session.begun.size() < longest_line)
        session.begun += each;
    }
  }
}

void SshAgents::heard(std::size_t host, std::string line, std::vector<SshNews>& news) {
  Session& session = sessions_[host];
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.find("remote port forwarding failed") != std::string::npos) {
    session.port_taken = true;
    if (session.attempt + 1 < tries) return;
  }
  session.last_line = line;
  news.push_back({plan_.names[host], std::move(line), std::nullopt, false});
}

void SshAgents::reap(std::size_t host, std::vector<SshNews>& news) {
  Session& session = sessions_[host];
  int status = 0;
  if (waitpid(session.process, &status, WNOHANG) != session.process) return;
  read(host, news);  // its last words
  if (!session.begun.empty()) heard(host, std::exchange(session.begun, {}), news);
  close(std::exchange(session.errors, -1));
  session.process = 0;
  if (std::exchange(session.port_taken, false) && ++session.attempt < tries) {
    begin(host);
    return;
  }
  std::string how = "ssh " + plan_.hosts[host] + ": " + describe_end(status);
  if (!session.last_line.empty()) how += ": " + session.last_line;
  news.push_back({plan_.names[host], {}, std::move(how), status == 0});
}

bool SshAgents::all_ended() const {
  return std::ranges::all_of(sessions_, [](const Session& each) { return each.process == 0; });
}

void SshAgents::wait_or_end(std::chrono::milliseconds patience) {
  constexpr auto to_hang_up = 500ms;  // ssh tells the other side that it leaves
  const auto wait_for_all = [&](std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (poll(), !all_ended() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(10ms);
  };
  const auto tell_all = [&](int signal) {
    for (const auto& session : sessions_)
      if (session.process != 0) kill(session.process, signal);
  };
  for (auto& session : sessions_) session.attempt = tries;  // nothing is begun any more
  wait_for_all(patience);
  if (all_ended()) return;
  tell_all(SIGTERM);
  wait_for_all(to_hang_up);
  tell_all(SIGKILL);
  for (auto& session : sessions_) {
    if (session.process == 0) continue;
    waitpid(session.process, nullptr, 0);
    close(session.errors);
    session.process = 0;
  }
}

}  // namespace squall::coordinator
