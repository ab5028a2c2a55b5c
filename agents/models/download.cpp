#include "agents/models/download.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "agents/models/file_lock.hpp"
#include "agents/models/partial_file.hpp"
#include "agents/models/sha256.hpp"

namespace squall::agents {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Stage = DownloadProgress::Stage;

namespace {

constexpr milliseconds glance{100};  // between looks at a lock, and at on_progress in a pause

std::string in_mebibytes(std::uint64_t bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", static_cast<double>(bytes) / (1 << 20));
  return text.data();
}

/// How one attempt ended.
struct Attempt {
  bool done = false;
  std::string failure;  // "answered 404"
  bool may_recover = false;
  std::optional<std::chrono::seconds> asked;  // the server's own wish for a pause
};

bool is_passing(long status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
         status == 503 || status == 504;
}

/// An ETag is good for continuing only when it is strong (RFC 9110, 13.1.5).
std::string validator_of(const HttpHead& head) {
  return head.etag.starts_with('"') ? head.etag : head.last_modified;
}

/// The beginnings that a model's file may have; servers answer with pages of text as well.
bool begins_like_a_model(const fs::path& path) {
  std::array<unsigned char, 4> begin{};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(begin.data()), 4);
  constexpr std::array<unsigned char, 4> gguf{'G', 'G', 'U', 'F'};
  constexpr std::array<unsigned char, 4> zstd{0x28, 0xB5, 0x2F, 0xFD};
  const bool gzip = begin[0] == 0x1F && begin[1] == 0x8B;
  return begin == gguf || begin == zstd || gzip;
}

class Work {
 public:
  Work(const DownloadOrder& order, const DownloadContext& context)
      : order_(order), context_(context), part_(order.destination) {}

  Download run();

 private:
  friend class Receiver;

  void check_order() const;
  bool already_there();
  bool from_source(const std::string& source, std::size_t index);
  Attempt attempt(const std::string& source);
  Attempt check(bool continued);
  std::string digest_of(const fs::path& file, std::uint64_t size);
  void require_room(std::uint64_t more) const;
  void require_size(std::uint64_t size) const;
  void tell(Stage stage, std::string trouble = {});
  void pause(milliseconds time, const std::string& why);
  [[noreturn]] void stop() const;

  const DownloadOrder& order_;
  const DownloadContext& context_;
  PartialFile part_;
  DownloadProgress progress_;
  Download result_;
};

/// What no other attempt at this source can mend.
struct SourceUnfit : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Takes one answer into the partial file.
class Receiver : public HttpReceiver {
 public:
  Receiver(Work& work, const std::string& source, const HttpOrder& order)
      : work_(work), source_(source), order_(order) {}

  bool on_head(const HttpHead& head) override;
  bool on_bytes(std::span<const std::byte> bytes) override;
  bool go_on() override {
    work_.tell(head_ ? Stage::receiving : Stage::connecting);
    return true;
  }
  bool wrong_range() const { return wrong_range_; }

 private:
  void begin(const HttpHead& head);

  Work& work_;
  const std::string& source_;
  const HttpOrder& order_;
  bool head_ = false;
  bool wrong_range_ = false;
};

bool Receiver::on_head(const HttpHead& head) {
  head_ = true;
  if (head.status == 200) {
    begin(head);
    return true;
  }
  if (head.status != 206) return false;
  const auto total = work_.progress_.total;
  const bool fits = head.range_from == order_.from && order_.from > 0 &&
                    (!total || !head.range_total || total == head.range_total);
  wrong_range_ = !fits;
  if (!fits) return false;
  work_.part_.go_on();
  work_.require_room(head.length.value_or(0));
  return true;
}

void Receiver::begin(const HttpHead& head) {
  // Also when a range was asked for: the source's file has changed, or it knows no ranges.
  work_.progress_.total = head.length;
  work_.progress_.done = 0;
  if (head.length) work_.require_size(*head.length);
  work_.part_.begin({source_, validator_of(head), head.length});
  if (head.length) work_.require_room(*head.length);
}

bool Receiver::on_bytes(std::span<const std::byte> bytes) {
  work_.require_size(work_.progress_.done + bytes.size());
  if (!work_.progress_.total) work_.require_room(bytes.size());
  work_.part_.append(bytes);
  work_.progress_.done += bytes.size();
  return true;
}

void Work::stop() const { throw DownloadStopped("the download was stopped"); }

void Work::tell(Stage stage, std::string trouble) {
  progress_.stage = stage;
  progress_.trouble = std::move(trouble);
  if (context_.on_progress && !context_.on_progress(progress_)) stop();
}

void Work::pause(milliseconds time, const std::string& why) {
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.1f s",
                std::chrono::duration<double>(time).count());
  const std::string trouble = why + "; again in " + seconds.data();
  tell(Stage::pausing, trouble);
  if (context_.pause) {
    if (!context_.pause(time)) stop();
    return;
  }
  for (; time > milliseconds{0}; time -= glance) {
    std::this_thread::sleep_for(std::min(time, glance));
    tell(Stage::pausing, trouble);
  }
}

void Work::require_size(std::uint64_t size) const {
  if (size > order_.most_bytes)
    throw SourceUnfit("is larger than " + in_mebibytes(order_.most_bytes) + " MiB, the limit");
}

void Work::require_room(std::uint64_t more) const {
  std::error_code error;
  const fs::space_info space = fs::space(order_.destination.parent_path(), error);
  if (error || space.available >= more + order_.spare_bytes) return;
  throw ModelError("no room for " + order_.destination.string() + ": it needs " +
                   in_mebibytes(more) + " MiB more and " + in_mebibytes(order_.spare_bytes) +
                   " MiB stay free, but only " + in_mebibytes(space.available) +
                   " MiB are; make room and run again");
}

std::string Work::digest_of(const fs::path& file, std::uint64_t size) {
  progress_.total = size;
  return sha256_of_file(file, [&](std::uint64_t done) {
    progress_.done = done;
    tell(Stage::checking);
    return true;
  });
}

/// All bytes are there: are they the right ones?
Attempt Work::check(bool continued) {
  part_.close();
  if (!begins_like_a_model(part_.path())) {
    part_.discard();
    return {false, "sent something that is no model: neither GGUF nor gzip nor zstd", false, {}};
  }
  result_.sha256 = digest_of(part_.path(), part_.size());
  if (order_.sha256.empty() || result_.sha256 == order_.sha256) {
    part_.finish();
    return {true, {}, false, {}};
  }
  part_.discard();
  // Pieced together from several answers it may be a mixture; in one piece it is what they have.
  return {false,
          "sent a file with SHA-256 " + result_.sha256 + " instead of " + order_.sha256,
          continued,
          {}};
}

Attempt Work::attempt(const std::string& source) {
  HttpOrder order{.url = source, .limits = order_.http, .may_ask = context_.may_ask};
  progress_.done = 0;
  progress_.total.reset();
  if (const auto origin = part_.continuable(source)) {
    progress_.done = order.from = part_.size();
    progress_.total = origin->total;
    order.if_range = origin->validator;
    if (origin->total == order.from) return check(true);
  }
  tell(Stage::connecting);
  Receiver receiver(*this, source, order);
  const HttpResult result = http_get(order, receiver);
  const long status = result.head.status;
  if (receiver.wrong_range() || (status == 416 && order.from > 0)) {
    part_.discard();
    return {false, "sent other bytes than were asked for", true, {}};
  }
  if (result.whole || result.stopped) {
    if (status != 200 && status != 206)
      return {false, "answered " + std::to_string(status), is_passing(status),
              result.head.retry_after};
    if (progress_.total && progress_.done != *progress_.total)
      return {false, "ended before the end", true, {}};
    return check(status == 206);
  }
  return {false, result.error, result.may_recover, {}};
}

bool Work::from_source(const std::string& source, std::size_t index) {
  progress_.source = without_secrets(source);
  RetrySchedule schedule(order_.retry, scenarios::mix_bits(context_.seed + index));
  std::uint64_t furthest = part_.continuable(source) ? part_.size() : 0;
  constexpr std::uint64_t worth_mentioning = std::uint64_t{1} << 20;
  for (;;) {
    Attempt ended;
    try {
      ended = attempt(source);
    } catch (const SourceUnfit& unfit) {
      part_.discard();
      ended = {false, unfit.what(), false, {}};
    }
    part_.close();
    if (ended.done) {
      result_.source = progress_.source;
      return true;
    }
    // Only bytes that no attempt had reached before count as progress, or a file that changes
    // again and again would be fetched for ever.
    if (progress_.done >= furthest + worth_mentioning) {
      furthest = progress_.done;
      schedule.progressed();
    }
    const auto pause_time = ended.may_recover ? schedule.next(ended.asked) : std::nullopt;
    if (!pause_time) {
      result_.failures.push_back(progress_.source + ": " + ended.failure);
      return false;
    }
    pause(*pause_time, ended.failure);
  }
}

void Work::check_order() const {
  if (order_.sources.empty()) throw ModelError("nothing says where to download the model from");
  for (const std::string& source : order_.sources) {
    const bool secure = source.starts_with("https://");
    if (!secure && !source.starts_with("http://"))
      throw ModelError("models are downloaded from https:// or http:// addresses, not from " +
                       without_secrets(source));
    if (!secure && order_.sha256.empty())
      throw ModelError("what " + without_secrets(source) +
                       " sends may be changed on its way; give its SHA-256, or use https://");
  }
}

bool Work::already_there() {
  std::error_code error;
  if (!fs::is_regular_file(order_.destination, error)) return false;
  if (order_.sha256.empty()) return true;
  result_.sha256 = digest_of(order_.destination, fs::file_size(order_.destination, error));
  return result_.sha256 == order_.sha256;
}

Download Work::run() {
  check_order();
  std::error_code error;
  fs::create_directories(order_.destination.parent_path(), error);
  if (error)
    throw ModelError("cannot make the folder " + order_.destination.parent_path().string() + ": " +
                     error.message());
  fs::path lock_file = order_.destination;
  const FileLock lock(lock_file += ".lock", [this] {
    tell(Stage::waiting_for_another);
    std::this_thread::sleep_for(glance);
    return true;
  });
  result_.file = order_.destination;
  if (already_there()) return std::move(result_);
  for (std::size_t i = 0; i < order_.sources.size(); ++i) {
    if (from_source(order_.sources[i], i)) return std::move(result_);
  }
  std::string message = "could not download " + order_.destination.filename().string() + ":";
  for (const std::string& failure : result_.failures) message += "\n  " + failure;
  throw DownloadError(message, std::move(result_.failures));
}

}  // namespace

Download download(const DownloadOrder& order, const DownloadContext& context) {
  return Work(order, context).run();
}

std::string in_words(const DownloadProgress& progress) {
  const std::string amount =
      in_mebibytes(progress.done) +
      (progress.total ? " of " + in_mebibytes(*progress.total) : std::string()) + " MiB";
  switch (progress.stage) {
    case Stage::waiting_for_another:
      return "waiting for another process that downloads it";
    case Stage::connecting:
      return "connecting to " + progress.source;
    case Stage::receiving:
      return "received " + amount + " from " + progress.source;
    case Stage::pausing:
      return progress.source + ": " + progress.trouble;
    case Stage::checking:
      return "checked " + amount;
  }
  return {};
}

}  // namespace squall::agents
