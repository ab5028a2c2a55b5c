#pragma once
// Brings a model's file to this machine: from the first of several sources that has it, going on
// where an earlier attempt stopped, trying again with growing pauses, checked before it appears
// under its name. Any number of processes may want the same file: one works, the others wait.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "agents/engine/model/model.hpp"
#include "agents/models/http_transfer.hpp"
#include "agents/models/retry_schedule.hpp"

namespace squall::agents {

struct DownloadOrder {
  std::vector<std::string> sources;   // http:// or https://; tried in this order
  std::filesystem::path destination;  // its folder is made when it is not there
  std::string sha256;                 // 64 lower-case digits; empty: not known, https:// only
  std::uint64_t most_bytes = std::uint64_t{2} << 40;
  std::uint64_t spare_bytes = std::uint64_t{256} << 20;  // stay free on the disk
  RetryLimits retry{};
  HttpLimits http{};
};

struct DownloadProgress {
  enum class Stage { waiting_for_another, connecting, receiving, pausing, checking };
  Stage stage = Stage::connecting;
  std::string source;  // without secrets; empty while another process works
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  // bytes, once the source has told
  std::string trouble;                 // pausing: why, and for how long
};

struct DownloadContext {
  /// Told at each change of stage and about once a second; false stops the download.
  std::function<bool(const DownloadProgress&)> on_progress{};
  /// Pauses between attempts; false stops. Default: sleeps, and asks on_progress now and then.
  std::function<bool(std::chrono::milliseconds)> pause{};
  /// Which hosts may be asked, also where a source leads elsewhere; none: any.
  std::function<bool(const std::string& host)> may_ask{};
  std::uint64_t seed = 1;  // of the jitter: should differ between machines and processes
};

struct Download {
  std::filesystem::path file;
  std::string source;                 // without secrets; empty: it was there already
  std::string sha256;                 // of the bytes that came
  std::vector<std::string> failures;  // of the sources before: "https://…: answered 404"
};

/// No source has it, or the disk cannot take it. What came so far stays for the next time.
struct DownloadError : ModelError {
  DownloadError(const std::string& message, std::vector<std::string> each)
      : ModelError(message), failures(std::move(each)) {}
  std::vector<std::string> failures;  // one a source
};

/// Whoever watched the progress said stop.
struct DownloadStopped : ModelError {
  using ModelError::ModelError;
};

/// Throws DownloadError, DownloadStopped, or ModelError for what no other source can mend.
Download download(const DownloadOrder& order, const DownloadContext& context = {});

/// "receiving 12.3 of 45.0 MiB from https://…", for a line on a terminal or in a log.
std::string in_words(const DownloadProgress& progress);

}  // namespace squall::agents
