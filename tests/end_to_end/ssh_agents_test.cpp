// Agents over OpenSSH as it is: a real server on loopback, with keys of the test's own. Skipped
// where there is no sshd, or where it cannot be run.

#include <cstdio>
#include <pwd.h>

#include "tests/end_to_end/campaign.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

constexpr const char* sshd_program = "/usr/sbin/sshd";

std::string own_name() {
  const passwd* const me = getpwuid(geteuid());
  return me == nullptr ? "root" : me->pw_name;
}

struct SshServer : Campaign {
  const int port = free_port();
  std::unique_ptr<Process> server;

  SshServer() {
    if (!std::filesystem::exists(sshd_program)) skip("there is no /usr/sbin/sshd");
    // sshd as root confines itself there.
    std::error_code ignored;
    if (geteuid() == 0) std::filesystem::create_directory("/run/sshd", ignored);
    for (const char* name : {"host", "user"}) {
      Process made({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path(name)});
      if (made.wait(20s) != 0) skip("ssh-keygen does not work");
    }
    std::filesystem::copy_file(path("user.pub"), path("authorized"));
    folder.write("config", "Port " + std::to_string(port) + "\nListenAddress 127.0.0.1\nHostKey " +
                               path("host") + "\nAuthorizedKeysFile " + path("authorized") +
                               "\nStrictModes no\nUsePAM no\nPidFile none\n"
                               "PasswordAuthentication no\n");
    server = std::make_unique<Process>(
        std::vector<std::string>{sshd_program, "-D", "-e", "-f", path("config")});
    if (!says(*server, "Server listening", 5s)) skip("sshd does not run here: " + server->err());
    const auto client =
        folder.write("ssh", "#!/bin/sh\nexec ssh -F none -p " + std::to_string(port) + " -l " +
                                own_name() + " -i '" + path("user") +
                                "' -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
                                "-o LogLevel=ERROR \"$@\"\n");
    std::filesystem::permissions(client, std::filesystem::perms::owner_all);
  }

  [[noreturn]] static void skip(const std::string& why) {
    std::printf("skipped: %s\n", why.c_str());
    std::fflush(stdout);
    _exit(77);
  }

  std::unique_ptr<Process> run_over_ssh(const CampaignScenario& how, std::vector<std::string> more,
                                        std::string there = {}) const {
    if (there.empty()) there = program("squall");
    std::vector<std::string> words{program("squall"), "run", scenario(how),
                                   "--ssh-program",   there, "--json",
                                   path("run.json")};
    words.insert(words.end(), more.begin(), more.end());
    auto variables = environment();
    variables.push_back("SQUALL_SSH=" + path("ssh"));
    return std::make_unique<Process>(words, variables);
  }
};

/// Processes whose command line holds `part`.
std::vector<pid_t> processes_with(const std::string& part) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (contains(read_file(entry.path() / "cmdline"), part)) found.push_back(std::stoi(name));
  }
  return found;
}

/// Of the processes of `program`, those that were started through the server at `port`.
std::vector<pid_t> agents_left(const std::string& program, int port) {
  auto found = processes_with(program);
  std::erase_if(found, [&](pid_t each) {
    const std::string environment = read_file("/proc/" + std::to_string(each) + "/environ");
    return !contains(environment, "SSH_CONNECTION=") ||
           !contains(environment, " " + std::to_string(port));
  });
  return found;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ssh_agents, SshServer)

BOOST_AUTO_TEST_CASE(agents_on_hosts_take_part_through_tunnels_and_are_gone_afterwards) {
  const auto run = run_over_ssh({}, {"--ssh", "localhost,127.0.0.1", "--local", "1"});
  const int code = run->wait(60s);
  BOOST_TEST_MESSAGE(run->err() << run->out());
  BOOST_TEST((code == 0 || code == 10 || code == 12 || code == 13), "exit code " << code);
  const auto all = report();
  std::vector<std::string> names;
  for (const auto& agent : all.at("agents")) names.push_back(agent.at("name"));
  std::sort(names.begin(), names.end());
  const std::vector<std::string> expected{"127.0.0.1", "local-1", "localhost"};
  BOOST_TEST(names == expected);
  BOOST_TEST(processes_with(path("user")).empty());  // the key that every ssh here is given
  BOOST_TEST(agents_left(program("squall-agent"), port).empty());
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_ends_the_agents_on_their_hosts) {
  const auto run = run_over_ssh({.measure = "60s"}, {"--ssh", "localhost"});
  BOOST_REQUIRE(says(*run, "measuring"));
  std::this_thread::sleep_for(1s);
  run->signal(SIGINT);
  BOOST_TEST(run->wait(20s) == 130);
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!agents_left(program("squall-agent"), port).empty() &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(50ms);
  BOOST_TEST(agents_left(program("squall-agent"), port).empty());
}

BOOST_AUTO_TEST_CASE(a_host_that_cannot_be_reached_ends_the_gathering_in_words) {
  server->signal(SIGTERM);
  server->wait(5s);
  const auto run = run_over_ssh({}, {"--ssh", "localhost"});
  BOOST_TEST(run->wait(20s) == 1);
  BOOST_TEST(contains(run->err(), "ssh localhost: exit code 255"), run->err());
  BOOST_TEST(contains(run->err(), "Connection refused"));
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_told_with_the_hosts_name) {
  const auto run = run_over_ssh({}, {"--ssh", "localhost"}, "/nowhere/squall");
  BOOST_TEST(run->wait(20s) == 1);
  BOOST_TEST(contains(run->err(), "localhost: "));
  BOOST_TEST(contains(run->err(), "/nowhere/squall"));
}

BOOST_AUTO_TEST_SUITE_END()
