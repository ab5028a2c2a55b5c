// Agents over ssh, with a stand-in for ssh: a shell script that plays the far machine.

#include "coordinator/processes/ssh_agents.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <signal.h>

#include "tests/fixtures/process.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  TemporaryFolder folder;

  std::string script(const std::string& name, const std::string& text) {
    const auto path = folder.write(name, "#!/bin/sh\n" + text);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  SshPlan plan(const std::string& ssh) {
    return {.ssh = ssh,
            .hosts = {"far"},
            .names = {"far"},
            .program = (folder.path() / "it's squall").string(),
            .coordinator = "127.0.0.1:40123"};
  }
  std::string file(const std::string& name) { return read_file(folder.path() / name); }

  template <class Done>
  std::vector<SshNews> poll_until(SshAgents& agents, Done done) {
    std::vector<SshNews> all;
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < until) {
      for (auto& news : agents.poll()) all.push_back(std::move(news));
      if (done(all)) return all;
      std::this_thread::sleep_for(10ms);
    }
    BOOST_ERROR("it did not happen within 10 s");
    return all;
  }
};

bool ended(const std::vector<SshNews>& news) {
  return !news.empty() && news.back().ended.has_value();
}

/// Runs the last argument as the far shell would.
constexpr const char* far_machine = "for last; do :; done\nexec sh -c \"$last\"\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ssh_agents, Fixture)

BOOST_AUTO_TEST_CASE(the_far_shell_gets_the_agent_with_the_tunnels_port_and_its_name) {
  script("it's squall", "echo \"$@\" >&2\n");
  SshAgents agents;
  agents.start(plan(script("ssh", far_machine)));
  const auto news = poll_until(agents, ended);
  BOOST_REQUIRE(news.size() == 2u);
  const auto port = std::to_string(far_port("127.0.0.1:40123", 0, 0));
  BOOST_TEST(news[0].line == "agent --connect tcp://127.0.0.1:" + port + " --name far");
  BOOST_TEST(news[0].name == "far");
  BOOST_TEST(news[1].ended->find("exit code 0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(with_keys_the_agent_is_told_where_its_own_are) {
  script("it's squall", "echo \"$@\" >&2\n");
  auto with_keys =
      plan(script("ssh", "export SQUALL_KEYS='/far keys'\n" + std::string(far_machine)));
  with_keys.keys = true;
  SshAgents agents;
  agents.start(with_keys);
  const auto news = poll_until(agents, ended);
  BOOST_TEST(news.at(0).line.find("--keys /far keys/far.key --coordinator-key /far "
                                  "keys/coordinator.pub") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ssh_is_never_asked_to_ask_and_fails_when_the_tunnel_does) {
  const auto words = ssh_command(plan("ssh"), 0, 20'001);
  const auto has = [&](const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  BOOST_TEST(has("BatchMode=yes"));
  BOOST_TEST(has("ExitOnForwardFailure=yes"));
  BOOST_TEST(has("127.0.0.1:20001:127.0.0.1:40123"));
  BOOST_TEST(*(words.end() - 3) == "--");
}

BOOST_AUTO_TEST_CASE(the_agents_failure_is_told_with_its_exit_code_and_last_words) {
  SshAgents agents;
  agents.start(plan(script("ssh", "echo 'far: Permission denied (publickey).' >&2\nexit 255\n")));
  const auto news = poll_until(agents, ended);
  BOOST_TEST(*news.back().ended == "ssh far: exit code 255: far: Permission denied (publickey).");
}

BOOST_AUTO_TEST_CASE(a_far_port_that_is_taken_is_tried_again_with_another) {
  script("it's squall", "echo \"$3\" >&2\n");
  SshAgents agents;
  agents.start(plan(script(
      "ssh", "echo x >>'" + (folder.path() / "tries").string() + "'\nif [ $(wc -l <'" +
                 (folder.path() / "tries").string() +
                 "') -lt 3 ]; then echo 'Error: remote port forwarding failed for listen port 1' "
                 ">&2; exit 255; fi\n" +
                 far_machine)));
  const auto news = poll_until(agents, ended);
  BOOST_REQUIRE(news.size() == 2u);
  BOOST_TEST(news[0].line ==
             "tcp://127.0.0.1:" + std::to_string(far_port("127.0.0.1:40123", 0, 2)));
}

BOOST_AUTO_TEST_CASE(a_far_port_that_is_always_taken_ends_in_words) {
  SshAgents agents;
  agents.start(plan(script(
      "ssh", "echo 'Error: remote port forwarding failed for listen port 1' >&2; exit 255")));
  const auto news = poll_until(agents, ended);
  BOOST_TEST(news.back().ended->find("remote port forwarding failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(far_ports_differ_by_host_and_try) {
  std::vector<unsigned> ports;
  for (std::size_t host = 0; host < 20; ++host)
    for (unsigned attempt = 0; attempt < 8; ++attempt)
      ports.push_back(far_port("127.0.0.1:40123", host, attempt));
  std::sort(ports.begin(), ports.end());
  BOOST_TEST((std::adjacent_find(ports.begin(), ports.end()) == ports.end()));
  BOOST_TEST(ports.front() >= 20'000u);
  BOOST_TEST(ports.back() < 30'000u);
}

BOOST_AUTO_TEST_CASE(when_ssh_goes_the_far_shell_ends_the_agent) {
  // The far shell alone, with a standard input that ends.
  script("it's squall",
         "trap 'echo ended >&2; exit 3' TERM\necho begun >&2\nwhile :; do sleep 0.05; done\n");
  const auto command = far_command(plan("ssh"), "far", 20'001);
  Process shell({"/bin/sh", "-c", "(sleep 0.5) | " + command});
  BOOST_TEST(shell.wait(10s) == 3);
  BOOST_TEST(shell.err() == "begun\nended\n");
}

BOOST_AUTO_TEST_CASE(the_far_agents_exit_code_is_that_of_ssh) {
  script("it's squall", "exit 7\n");
  SshAgents agents;
  agents.start(plan(script("ssh", far_machine)));
  const auto news = poll_until(agents, ended);
  BOOST_TEST(*news.back().ended == "ssh far: exit code 7");
}

BOOST_AUTO_TEST_CASE(nothing_is_left_when_the_run_ends) {
  SshAgents agents;
  agents.start(plan(script("ssh", "echo $$ >&2\nexec sleep 60\n")));
  const auto news = poll_until(agents, [](const auto& all) { return !all.empty(); });
  const auto process = std::stoi(news.at(0).line);
  BOOST_TEST(process_exists(process));
  agents.wait_or_end(50ms);
  BOOST_TEST(!process_exists(process));
}

BOOST_AUTO_TEST_CASE(a_client_that_ignores_being_told_to_end_is_killed) {
  SshAgents agents;
  agents.start(plan(script("ssh", "trap '' TERM\necho $$ >&2\nwhile :; do sleep 0.05; done\n")));
  const auto news = poll_until(agents, [](const auto& all) { return !all.empty(); });
  agents.wait_or_end(0ms);
  BOOST_TEST(!process_exists(std::stoi(news.at(0).line)));
}

BOOST_AUTO_TEST_CASE(a_client_that_is_not_there_is_said_so) {
  SshAgents agents;
  BOOST_CHECK_EXCEPTION(agents.start(plan("/nowhere/ssh")), ProcessError, [](const auto& error) {
    return std::string(error.what()).find("/nowhere/ssh") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_far_program_that_never_stops_talking_is_bounded) {
  SshAgents agents;
  agents.start(plan(script("ssh", "exec yes 'a line' | tr -d '\\n' >&2\n")));
  for (int i = 0; i < 20; ++i) {
    for (const auto& news : agents.poll()) BOOST_TEST(news.line.size() <= 1000u);
    std::this_thread::sleep_for(5ms);
  }
  agents.wait_or_end(0ms);
}

BOOST_AUTO_TEST_SUITE_END()
