// squall-bench-streams: thousands of streams at once from one target to a server that paces them.
//
//   squall-bench-streams --streams 5000 --chunks 50 --gap 100ms
//
// The server is mock-llm-server, a process of its own. Every chunk must arrive, in order, and be
// stamped; exit code 1 otherwise. Prints what a chunk costs the client, and how long after the
// server's send stamp its own stamp is; beside it the same for a loop that only reads the sockets.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "agents/open_files.hpp"
#include "tests/agents/targets/openai_settings.hpp"
#include "tests/benchmarks/plain_reader.hpp"
#include "tests/fixtures/http_client.hpp"
#include "tests/fixtures/mock_process.hpp"
#include "tests/fixtures/mock_server/answer_text.hpp"

namespace {

using namespace squall;
using namespace squall::tests;
using Clock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Options {
  std::size_t streams = 5000;
  std::uint32_t chunks = 50;
  double gap_ms = 100;
  double ramp_s = 3;
  std::string server;  // of the API; empty: start one
  bool plain = true;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// All wait until the last one has connected; then the pieces come, each stream at its own phase.
std::string behaviour(const Options& options) {
  const auto gap = static_cast<long>(options.gap_ms * 1000);
  const auto first = static_cast<long>(options.ramp_s * 1e6);
  return "paced,first=" + std::to_string(first) + "us,gap=" + std::to_string(gap) + "us";
}

Clock::time_point start_of(std::size_t stream, const Options& options, Clock::time_point begun) {
  const double share = static_cast<double>(stream) / static_cast<double>(options.streams);
  return begun + duration_cast<Clock::duration>(
                     std::chrono::duration<double>(options.ramp_s * 0.9 * share));
}

struct Figures {
  std::uint64_t chunks = 0;      // that arrived
  std::uint64_t incomplete = 0;  // streams
  double cpu_streaming = 0;      // seconds, without the connecting
  double elapsed = 0;            // seconds, likewise
  std::vector<double> delays;    // microseconds, from the server's stamp to ours
};

void print(const char* who, const Figures& figures) {
  const auto chunks = static_cast<double>(figures.chunks);
  std::printf("%-14s %9.0f chunks in %5.2f s (%7.0f /s), CPU %5.2f s: %6.2f us a chunk\n", who,
              chunks, figures.elapsed, chunks / figures.elapsed, figures.cpu_streaming,
              figures.cpu_streaming / chunks * 1e6);
}

void print_delays(std::vector<double> delays) {
  if (delays.empty()) return;
  std::sort(delays.begin(), delays.end());
  const auto at = [&](double share) {
    return delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))];
  };
  std::printf(
      "client stamp - server send stamp: p50 %.0f us, p90 %.0f us, p99 %.0f us, p99.9 %.0f "
      "us, most %.0f us\n",
      at(0.5), at(0.9), at(0.99), at(0.999), delays.back());
}

/// Adds what one stream brought; false: something is missing, doubled or out of order.
bool add(const actors::RequestTimeline& timeline, const std::string& whole, Figures& figures,
         std::size_t chunks) {
  figures.chunks += timeline.content.size();
  const bool complete = std::holds_alternative<actors::Completed>(timeline.outcome) &&
                        timeline.content.size() == chunks && timeline.answer == whole &&
                        timeline.server_content.size() == chunks;
  if (!complete) {
    if (++figures.incomplete <= 3)
      std::printf("stream %llu: %s, %zu chunks\n",
                  static_cast<unsigned long long>(timeline.request),
                  in_words(timeline.outcome).c_str(), timeline.content.size());
    return false;
  }
  for (std::size_t i = 0; i < chunks; ++i)
    figures.delays.push_back(
        std::chrono::duration<double, std::micro>(timeline.content[i] - timeline.server_content[i])
            .count());
  return true;
}

Figures drive_target(const Options& options, const std::string& url) {
  TargetDriver driver(openai_target(openai_scenario(url)));
  const std::string prompt = "@" + behaviour(options);
  const auto begun = Clock::now();
  for (std::size_t i = 0; i < options.streams; ++i) {
    std::this_thread::sleep_until(start_of(i, options, begun));
    driver.submit(prompt, {.answer_tokens = options.chunks, .limit = milliseconds(300'000)});
  }
  const auto streaming =
      begun + duration_cast<Clock::duration>(std::chrono::duration<double>(options.ramp_s * 0.95));
  std::this_thread::sleep_until(streaming);
  Figures figures;
  figures.cpu_streaming = -cpu_seconds();
  const auto streaming_begun = Clock::now();
  driver.wait_for_all(milliseconds(300'000));
  figures.cpu_streaming += cpu_seconds();
  figures.elapsed = std::chrono::duration<double>(Clock::now() - streaming_begun).count();
  const std::string whole = whole_text(options.chunks);
  for (std::uint64_t id = 1; id <= options.streams; ++id)
    if (driver.wait_for(id, {})) add(driver.timeline(id), whole, figures, options.chunks);
  return figures;
}

Figures drive_plain_reader(const Options& options, int port) {
  PlainReader reader(port);
  const std::string body = R"({"stream":true,"max_tokens":)" + std::to_string(options.chunks) +
                           R"(,"model":")" + behaviour(options) + "\"}";
  const auto begun = Clock::now();
  for (std::size_t i = 0; i < options.streams; ++i) {
    std::this_thread::sleep_until(start_of(i, options, begun));
    reader.open(body);
  }
  Figures figures;
  figures.cpu_streaming = -cpu_seconds();
  const auto streaming_begun = Clock::now();
  figures.chunks = reader.read_all(options.chunks);
  figures.cpu_streaming += cpu_seconds();
  figures.elapsed = std::chrono::duration<double>(Clock::now() - streaming_begun).count();
  figures.incomplete = figures.chunks == options.streams * options.chunks ? 0 : 1;
  return figures;
}

void print_server(int port) {
  HttpClient client(port);
  const auto stats = nlohmann::json::parse(client.get("/stats").body);
  const auto& lateness = stats.at("lateness_us");
  std::printf(
      "the server sent %llu chunks %.0f us after they were due at p50, %.0f us at p99; %llu "
      "connections at once, CPU %.2f s\n",
      static_cast<unsigned long long>(stats.at("pieces").get<std::uint64_t>()),
      lateness.at("p50").get<double>(), lateness.at("p99").get<double>(),
      static_cast<unsigned long long>(stats.at("open_most").get<std::uint64_t>()),
      stats.at("cpu_seconds").get<double>());
}

/// Of "http://127.0.0.1:8099/v1".
int port_of(const std::string& url) {
  return std::stoi(url.substr(url.find(':', url.find("//")) + 1));
}

int run(const Options& options) {
  const auto limit = agents::raise_open_files_limit();
  const std::string shortage = agents::open_files_shortage(options.streams, limit);
  if (!shortage.empty()) throw std::runtime_error(shortage);
  std::optional<MockProcess> server;
  std::string url = options.server;
  if (url.empty()) {
    server.emplace(SQUALL_PROGRAMS);
    if (server->port() == 0) throw std::runtime_error("mock-llm-server did not start");
    url = server->url();
  }
  std::printf("%zu streams of %u chunks, one each %.1f ms, from %s\n", options.streams,
              options.chunks, options.gap_ms, url.c_str());
  if (options.plain) print("sockets only", drive_plain_reader(options, port_of(url)));
  const Figures figures = drive_target(options, url);
  print("openai target", figures);
  print_delays(figures.delays);
  print_server(port_of(url));
  const std::uint64_t expected = options.streams * options.chunks;
  std::printf("%llu of %llu chunks stamped, %llu streams incomplete\n",
              static_cast<unsigned long long>(figures.chunks),
              static_cast<unsigned long long>(expected),
              static_cast<unsigned long long>(figures.incomplete));
  return figures.chunks == expected && figures.incomplete == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Drives thousands of streams at once through the openai target."};
  Options options;
  bool no_plain = false;
  app.add_option("--streams", options.streams)
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--chunks", options.chunks, "of each stream")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--gap-ms", options.gap_ms, "between chunks; 0: as fast as it goes")
      ->check(CLI::Range(0.0, 60000.0))
      ->capture_default_str();
  app.add_option("--ramp-s", options.ramp_s, "in which all connect, before the first chunk")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  app.add_option("--server", options.server, "a mock-llm-server that runs already");
  app.add_flag("--no-plain", no_plain, "do not read the sockets alone first");
  try {
    app.parse(argc, argv);
    options.plain = !no_plain;
    return run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall-bench-streams: %s\n", error.what());
    return 2;
  }
}
