// What deploy/ holds cannot all be run here, but every option that it uses must be one of the
// programs', and whatever tool this machine has looks at the files.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <regex>
#include <set>

#include "tests/end_to_end/campaign.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

std::string program(const std::string& name) { return std::string(SQUALL_PROGRAMS) + "/" + name; }

std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> options;
  static const std::regex option(R"((^|[\s\[",\"])(--[a-z][a-z-]*))");
  for (std::sregex_iterator it(text.begin(), text.end(), option), end; it != end; ++it)
    options.insert((*it)[2]);
  return options;
}

std::set<std::string> options_of(std::vector<std::string> command) {
  command.push_back("--help");
  Process process(command);
  BOOST_REQUIRE(process.wait(20s) == 0);
  return options_in(process.out());
}

std::string deployed(const std::string& name) { return read_file("deploy/" + name); }

/// From the first line that holds `from` on: as long as lines go on with a backslash.
std::string command_from(const std::string& text, const std::string& from) {
  const auto begin = text.find(from);
  BOOST_REQUIRE_MESSAGE(begin != std::string::npos, "no '" << from << "'");
  auto end = text.find('\n', begin);
  while (end != std::string::npos && text[end - 1] == '\\') end = text.find('\n', end + 1);
  return text.substr(begin, end - begin);
}

void check(const std::string& command, const std::set<std::string>& known) {
  const auto used = options_in(command);
  BOOST_TEST(!used.empty(), command);
  for (const auto& option : used) BOOST_TEST(known.contains(option), option << " in: " << command);
}

bool is_there(const std::string& tool) {
  return std::filesystem::exists("/usr/bin/" + tool) || std::filesystem::exists("/bin/" + tool);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_option_in_deploy_is_one_of_the_programs) {
  const auto agent = options_of({program("squall-agent")});
  const auto run = options_of({program("squall"), "run"});
  const auto keys_make = options_of({program("squall"), "keys", "make"});
  check(command_from(deployed("squall-agent.service"), "ExecStart="), agent);

  const std::string slurm = deployed("squall.sbatch");
  check(command_from(slurm, "/squall-agent\" --connect"), agent);
  check(command_from(slurm, "/squall\" run"), run);
  check(command_from(slurm, "keys make --coordinator"), keys_make);

  const std::string kubernetes = deployed("kubernetes.yaml");
  const auto agent_args = kubernetes.find("/opt/squall/bin/squall-agent");
  const auto run_args = kubernetes.find("\"/opt/squall/bin/squall\"]");
  BOOST_REQUIRE((agent_args < run_args && run_args != std::string::npos));
  const auto args = [&](std::size_t from) {
    const auto begin = kubernetes.find("args:", from);
    std::string words;
    std::istringstream lines(kubernetes.substr(kubernetes.find('\n', begin) + 1));
    for (std::string line; std::getline(lines, line) && line.find("- ") != std::string::npos;)
      words += line + "\n";
    return words;
  };
  check(args(agent_args), agent);
  check(args(run_args), run);
}

BOOST_AUTO_TEST_CASE(the_limits_that_the_unit_speaks_of_are_options_of_agents) {
  const auto agent = options_of({program("squall-agent")});
  for (const char* option : {"--max-users", "--max-rate", "--max-duration", "--allow-host"}) {
    BOOST_TEST(agent.contains(option), option);
    BOOST_TEST(deployed("squall-agent.service").find(option) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(the_slurm_script_is_a_script) {
  Process bash({"/bin/bash", "-n", "deploy/squall.sbatch"});
  BOOST_TEST(bash.wait(10s) == 0, bash.err());
  if (!is_there("shellcheck")) return;
  Process shellcheck({"/usr/bin/shellcheck", "deploy/squall.sbatch"});
  BOOST_TEST(shellcheck.wait(20s) == 0, shellcheck.out());
}

BOOST_AUTO_TEST_CASE(the_slurm_script_runs_a_whole_job_with_a_stand_in_for_srun) {
  // One node, whose tasks srun starts here: all that the script does but Slurm's own part.
  const TemporaryFolder folder;
  const auto srun = folder.write(
      "srun", "#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\nSLURM_PROCID=0 exec \"$@\"\n");
  std::filesystem::permissions(srun, std::filesystem::perms::owner_all);
  const auto scenario = folder.write(
      "test.toml",
      "name = \"job\"\nthresholds = [\"error_rate < 50%\"]\n[target]\nkind = \"simulated\"\n"
      "[users]\ncount = 2\n[prompts]\ntokens = 4\n[answers]\ntokens = 4\n"
      "[phases]\nmeasure = \"1s\"\ndrain = \"1s\"\n");
  // By env(1): a second PATH among a process's variables would not be the one that counts.
  Process job(
      {"/usr/bin/env", "PATH=" + folder.path().string() + ":" + std::getenv("PATH"), "/bin/bash",
       "deploy/squall.sbatch", scenario, "--json", (folder.path() / "run.json").string()},
      {"SQUALL_BIN=" SQUALL_PROGRAMS, "SQUALL_PORT=" + std::to_string(free_port()),
       "SLURM_JOB_NUM_NODES=1", "SLURM_SUBMIT_DIR=" + folder.path().string(), "SLURM_JOB_ID=1"});
  const int code = job.wait(60s);
  BOOST_TEST_MESSAGE(job.out() << job.err());
  BOOST_TEST((code == 0 || code == 10 || code == 12 || code == 13), "exit code " << code);
  BOOST_TEST(read_file(folder.path() / "run.json").find("node-0") != std::string::npos);
  BOOST_TEST(!std::filesystem::exists(folder.path() / "squall-1" / "keys"));
}

BOOST_AUTO_TEST_CASE(the_unit_is_one_that_systemd_takes) {
  if (!is_there("systemd-analyze")) return;
  // The program's place is filled with one that is there.
  const TemporaryFolder folder;
  std::string unit = deployed("squall-agent.service");
  const std::string program_there = "/opt/squall/bin/squall-agent";
  unit.replace(unit.find(program_there), program_there.size(), program("squall-agent"));
  const auto file = folder.write("squall-agent.service", unit);
  Process verify({"/usr/bin/systemd-analyze", "verify", "--man=no", file});
  const int code = verify.wait(30s);
  BOOST_TEST_MESSAGE(verify.out() << verify.err());
  BOOST_TEST(code == 0, verify.err());
  BOOST_TEST(verify.err().find("squall-agent.service:") == std::string::npos, verify.err());
}

BOOST_AUTO_TEST_CASE(the_kubernetes_manifest_is_yaml_whose_parts_fit_together) {
  Process python({"/usr/bin/env", "python3", "-c", R"(
import sys
try:
    import yaml
except ImportError:
    sys.exit(77)
parts = {d['kind']: d for d in yaml.safe_load_all(open('deploy/kubernetes.yaml'))}
assert sorted(parts) == ['Job', 'NetworkPolicy', 'Service', 'StatefulSet'], sorted(parts)
assert all(d['metadata']['namespace'] == 'squall' for d in parts.values())
for kind in ('Job', 'StatefulSet'):
    pod = parts[kind]['spec']['template']['spec']
    volumes = {v['name'] for v in pod['volumes']}
    for container in pod['initContainers'] + pod['containers']:
        for mount in container['volumeMounts']:
            assert mount['name'] in volumes, (kind, mount)
agents, job = parts['StatefulSet']['spec'], parts['Job']['spec']['template']
assert agents['selector']['matchLabels'].items() <= agents['template']['metadata']['labels'].items()
coordinator = job['metadata']['labels']
assert parts['Service']['spec']['selector'].items() <= coordinator.items()
assert parts['NetworkPolicy']['spec']['podSelector']['matchLabels'].items() <= coordinator.items()
port = str(parts['Service']['spec']['ports'][0]['port'])
assert any(a.endswith(':' + port) for a in job['spec']['containers'][0]['args'])
connect = agents['template']['spec']['containers'][0]['args'][0]
assert connect == '--connect=tcp://' + parts['Service']['metadata']['name'] + '.squall.svc:' + port
)"});
  const int code = python.wait(20s);
  BOOST_TEST((code == 0 || code == 77 || code == 127), python.err());
}
