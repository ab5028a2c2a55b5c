// The device of a run, from the scenario to its reports: without a GPU, and on an emulated one.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/fixtures/process.hpp"
#include "tests/fixtures/tiny_llama.hpp"

using namespace squall::tests;
using namespace squall::fixtures;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string programs = SQUALL_PROGRAMS;
const std::string emulation = SQUALL_EMULATION;  // the module of the emulated GPU

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Written over several lines, read as one.
std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

struct Fixture {
  TemporaryFolder folder;
  std::string out, err;

  Fixture() {
    const auto bytes = tiny_llama().bytes();
    folder.write("tiny.gguf", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  int call(std::vector<std::string> words, std::vector<std::string> environment) {
    words.front() = programs + "/" + words.front();
    Process process(words, environment);
    const int code = process.wait(120s);
    out = process.out();
    err = process.err();
    BOOST_TEST_MESSAGE(out << err);
    return code;
  }
  /// A run of about a second of the tiny model; its exit code.
  int run(const std::string& target, const std::vector<std::string>& environment,
          const std::string& top = {}) {
    const auto scenario = folder.write(
        "test.toml", "name = \"x\"\n" + top + "[target]\nmodel = \"tiny.gguf\"\nmax_batch = 2\n" +
                         target +
                         "\n[users]\ncount = 1\n[prompts]\ntokens = 4\n[answers]\ntokens = 4\n"
                         "[phases]\nmeasure = \"1s\"\ndrain = \"20s\"\n");
    return call({"squall", "run", scenario, "--json", json_path(), "--agents", "1"}, environment);
  }
  /// The run's page. What the run itself told is gone then.
  std::string page() {
    const std::string path = (folder.path() / "run.html").string();
    BOOST_TEST(call({"squall", "report", json_path(), "--format", "html", "--output", path}, {}) ==
               0);
    return read_file(path);
  }
  int generate(std::vector<std::string> words, const std::vector<std::string>& environment,
               std::string model = {}) {
    if (model.empty()) model = (folder.path() / "tiny.gguf").string();
    std::vector<std::string> all{"squall-model", "generate", model, "abc", "--ids", "--ignore-eos"};
    all.insert(all.end(), words.begin(), words.end());
    return call(all, environment);
  }
  std::string json_path() const { return (folder.path() / "run.json").string(); }
  json report() const { return json::parse(read_file(json_path())); }
  json agent() const { return report().at("agents").at(0); }
  /// Which is only there where its module was opened.
  bool tells_of_emulated_gpu() const {
    const json gpus = agent().at("hardware").at("gpus");
    return std::ranges::any_of(gpus,
                               [](const json& gpu) { return gpu.at("vendor") == "emulation"; });
  }
  std::uint64_t answered() const {
    return report().at("ledger").at("total").at("measure").at("ok").get<std::uint64_t>();
  }
};

/// Judged in whatever way: on a busy machine a run may be called invalid.
bool was_run(int code) { return code == 0 || code == 12 || code == 13; }

/// A module that is not there stands for a machine without one, whatever machine this is.
const std::vector<std::string> no_gpu{"SQUALL_GPU_MODULES=/nowhere/squall-gpu-none.so",
                                      "CUDA_VISIBLE_DEVICES=", "HIP_VISIBLE_DEVICES="};
const std::vector<std::string> emulated_gpu{"SQUALL_GPU_MODULES=" + emulation};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(device, Fixture)

BOOST_AUTO_TEST_CASE(a_gpu_that_is_missing_is_replaced_with_a_warning_in_every_output) {
  for (const std::string name : {"gpu", "auto"}) {
    BOOST_REQUIRE(was_run(run("device = \"" + name + "\"", no_gpu)));
    const std::string warning = "device " + name + ": the CPU computes instead of a GPU: ";
    BOOST_TEST(contains(unwrapped(out), "warning: " + warning));
    const std::string in_json = agent().at("warnings").dump();
    BOOST_TEST(contains(in_json, warning));
    BOOST_TEST(contains(in_json, "/nowhere/squall-gpu-none.so: there is no such file"));
    BOOST_TEST(contains(page(), warning));
    BOOST_TEST(agent().at("instruction_set").get<std::string>().starts_with("cpu "));
    BOOST_TEST(!agent().at("model_facts").at("on_gpu").get<bool>());
  }
}

BOOST_AUTO_TEST_CASE(a_gpu_that_is_required_and_missing_is_an_error_at_start) {
  BOOST_TEST(run("device = \"gpu\"\nrequire_gpu = true", no_gpu) == 2);
  BOOST_TEST(contains(unwrapped(err), "device gpu cannot be had: "));
  BOOST_TEST(generate({"--device", "hybrid", "--require-gpu"}, no_gpu) == 2);
  BOOST_TEST(contains(unwrapped(err), "device hybrid cannot be had: "));
}

BOOST_AUTO_TEST_CASE(nothing_is_said_of_gpus_where_nobody_asked) {
  BOOST_REQUIRE(was_run(run("", no_gpu)));
  BOOST_TEST(!contains(out, "GPU"));
  BOOST_TEST(agent().at("warnings").empty());
}

BOOST_AUTO_TEST_CASE(a_run_on_the_cpu_touches_no_gpu) {
  BOOST_REQUIRE(was_run(run("device = \"cpu\"", emulated_gpu)));
  BOOST_TEST(!tells_of_emulated_gpu());
}

BOOST_AUTO_TEST_CASE(a_run_on_an_emulated_gpu_says_so_in_every_output) {
  const int code = run("device = \"gpu\"\nrequire_gpu = true", emulated_gpu,
                       "thresholds = [\"tokens_per_second >= 1% of ceiling\"]\n");
  BOOST_REQUIRE(was_run(code));
  const std::string warning = "an emulation of a GPU computes, for tests";
  BOOST_TEST(contains(unwrapped(out), warning));
  BOOST_TEST(contains(agent().at("warnings").dump(), warning));
  BOOST_TEST(contains(unwrapped(out), "there is no ceiling of this device"));
  BOOST_TEST(contains(page(), warning));
  BOOST_TEST(contains(agent().at("instruction_set").get<std::string>(), "emulation"));
  BOOST_TEST(tells_of_emulated_gpu());
  BOOST_TEST(agent().at("model_facts").at("on_gpu").get<bool>());
  BOOST_TEST(answered() > 0U);
}

BOOST_AUTO_TEST_CASE(the_emulated_gpu_the_cpu_and_both_together_write_the_same) {
  BOOST_REQUIRE(generate({"--device", "cpu", "--max-tokens", "6"}, emulated_gpu) == 0);
  const std::string expected = out;
  BOOST_TEST(!contains(err, "emulation"));
  BOOST_REQUIRE(generate({"--device", "gpu", "--require-gpu", "--max-tokens", "6"}, emulated_gpu) ==
                0);
  BOOST_TEST(contains(err, "emulation"));
  BOOST_TEST(out == expected);
  BOOST_REQUIRE(generate({"--device", "hybrid", "--max-tokens", "6"}, emulated_gpu) == 0);
  BOOST_TEST(out == expected);
}

BOOST_AUTO_TEST_CASE(a_benchmark_on_a_gpu_tells_nothing_of_the_hosts_threads_and_memory) {
  BOOST_REQUIRE(call({"squall-model",
                      "bench",
                      (folder.path() / "tiny.gguf").string(),
                      "--device",
                      "gpu",
                      "--require-gpu",
                      "--threads",
                      "2",
                      "--prompt",
                      "4",
                      "--generate",
                      "4",
                      "--concurrency",
                      "2",
                      "--shared-prompt",
                      "4",
                      "--shared-generate",
                      "4",
                      "--repetitions",
                      "1",
                      "--json",
                      "-"},
                     emulated_gpu) == 0);
  const json told = json::parse(out);
  BOOST_TEST(told.at("threads").get<int>() == 1);
  BOOST_TEST(told.at("memory_ceiling_bytes_per_second").is_null());
  BOOST_TEST(told.at("decode_bytes_per_second").is_null());
}

BOOST_AUTO_TEST_CASE(layers_that_do_not_fit_the_emulated_gpu_are_computed_by_the_cpu) {
  const std::string model = "synthetic:llama-15m/q8_0";
  BOOST_REQUIRE(generate({"--device", "cpu", "--max-tokens", "2"}, emulated_gpu, model) == 0);
  const std::string expected = out;
  BOOST_REQUIRE(generate({"--device", "hybrid", "--gpu-memory", "31MiB", "--max-tokens", "2"},
                         emulated_gpu, model) == 0);
  BOOST_TEST(out == expected);
  BOOST_TEST(contains(err, " layers) + gpu"));  // the name tells who has how many
}

BOOST_AUTO_TEST_CASE(a_gpu_that_is_lost_in_a_run_fails_requests_and_the_agent_stays) {
  auto environment = emulated_gpu;
  environment.push_back("SQUALL_EMULATED_LOST_AT_CALL=400");
  run("device = \"gpu\"", environment);
  BOOST_TEST(contains(read_file(json_path()), "device: gpu"));
  BOOST_TEST(agent().at("lost").is_null());
}

BOOST_AUTO_TEST_SUITE_END()
