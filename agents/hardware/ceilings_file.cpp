#include "agents/hardware/ceilings_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <unistd.h>
#include <utility>

#include "agents/engine/model/model.hpp"
#include "agents/models/file_lock.hpp"

namespace squall::agents {

namespace fs = std::filesystem;

namespace {

// A format is a page:
//   squall-ceilings 1
//   boot BOOT-ID             and three more lines of the key
//   read THREADS BYTES       for each number of threads
//   multiply THREADS INT8 FLOAT INT8-OF-ONE FLOAT-OF-ONE
//   gpu PLACE BYTES MULTIPLY-ADDS   for each that can be computed on; 0 0: it could not be measured
//   end
constexpr const char* first_line = "squall-ceilings 1";
constexpr const char* last_line = "end";
constexpr std::size_t reading_limit = 64;
constexpr std::size_t gpu_limit = 64;

std::string exact(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", value);
  return text.data();
}

std::string key_lines(const CeilingsKey& key) {
  return "boot " + key.boot + "\nhardware " + key.hardware + "\nversion " + key.tool_version +
         "\ninstructions " + key.instruction_set + '\n';
}

bool is_rate(double rate) { return std::isfinite(rate) && rate >= 0; }

bool are_rates(std::initializer_list<double> rates) { return std::ranges::all_of(rates, is_rate); }

bool is_at_end(std::istringstream& words) {
  std::string rest;
  return !(words >> rest);
}

bool read_line(const std::string& line, MachineCeilings& all) {
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  scenarios::MeasuredCeilings& ceilings = all.processors;
  if (kind == "read") {
    scenarios::BandwidthCeiling each;
    if (!(words >> each.threads >> each.bytes_per_second) || !is_at_end(words)) return false;
    ceilings.bandwidth.push_back(each);
    return each.threads > 0 && is_rate(each.bytes_per_second) &&
           ceilings.bandwidth.size() <= reading_limit;
  }
  if (kind == "gpu") {
    GpuCeiling each;
    if (!(words >> each.gpu >> each.copy_bytes_per_second >> each.matrix_per_second)) return false;
    all.gpus.push_back(each);
    return is_at_end(words) && are_rates({each.copy_bytes_per_second, each.matrix_per_second}) &&
           all.gpus.size() <= gpu_limit;
  }
  if (kind != "multiply") return false;
  return words >> ceilings.threads >> ceilings.int8_per_second >> ceilings.float_per_second >>
             ceilings.int8_of_one_thread >> ceilings.float_of_one_thread &&
         is_at_end(words) &&
         are_rates({ceilings.int8_per_second, ceilings.float_per_second,
                    ceilings.int8_of_one_thread, ceilings.float_of_one_thread});
}

}  // namespace

CeilingsFile::CeilingsFile(fs::path folder, CeilingsKey key, bool wants_bandwidth,
                           std::vector<std::size_t> wants_gpus)
    : folder_(std::move(folder)),
      file_(folder_ / ("ceilings-" + key.hardware)),
      key_(std::move(key)),
      wants_bandwidth_(wants_bandwidth),
      wants_gpus_(std::move(wants_gpus)) {}

std::optional<MachineCeilings> CeilingsFile::kept() const {
  std::ifstream file(file_);
  std::string line;
  if (!std::getline(file, line) || line != first_line) return std::nullopt;
  std::string key;
  for (int i = 0; i < 4 && std::getline(file, line); ++i) key += line + '\n';
  if (key != key_lines(key_)) return std::nullopt;
  MachineCeilings ceilings;
  while (std::getline(file, line)) {
    if (line == last_line) return ceilings;
    if (!read_line(line, ceilings)) return std::nullopt;
  }
  return std::nullopt;
}

/// Memory that could not be had when it was kept may be there now, or a module for a GPU, or one of
/// those that were hidden from whoever measured.
bool CeilingsFile::has_all(const MachineCeilings& ceilings) const {
  if (wants_bandwidth_ && ceilings.processors.bandwidth.empty()) return false;
  return std::ranges::all_of(wants_gpus_, [&](std::size_t place) {
    return std::ranges::find(ceilings.gpus, place, &GpuCeiling::gpu) != ceilings.gpus.end();
  });
}

std::optional<MachineCeilings> CeilingsFile::read() const {
  auto ceilings = kept();
  if (ceilings && !has_all(*ceilings)) ceilings.reset();
  return ceilings;
}

void CeilingsFile::keep(const MachineCeilings& ceilings) const {
  const fs::path fresh = file_.string() + "." + std::to_string(getpid());
  const scenarios::MeasuredCeilings& processors = ceilings.processors;
  std::error_code error;
  {
    std::ofstream file(fresh);
    file << first_line << '\n' << key_lines(key_);
    for (const auto& each : processors.bandwidth)
      file << "read " << each.threads << ' ' << exact(each.bytes_per_second) << '\n';
    file << "multiply " << processors.threads << ' ' << exact(processors.int8_per_second) << ' '
         << exact(processors.float_per_second) << ' ' << exact(processors.int8_of_one_thread) << ' '
         << exact(processors.float_of_one_thread) << '\n';
    for (const GpuCeiling& each : ceilings.gpus)
      file << "gpu " << each.gpu << ' ' << exact(each.copy_bytes_per_second) << ' '
           << exact(each.matrix_per_second) << '\n';
    file << last_line << '\n';
    file.close();
    if (file) fs::rename(fresh, file_, error);
    if (file && !error) return;
  }
  fs::remove(fresh, error);  // a full disk: measured again next time
}

std::optional<MachineCeilings> CeilingsFile::locked(bool again,
                                                    const std::function<MachineCeilings()>& measure,
                                                    const std::function<bool()>& wait) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  std::optional<FileLock> lock;
  try {
    lock.emplace(folder_ / "ceilings.lock", wait);
  } catch (const ModelError&) {  // nothing can be kept there
    return measure();
  }
  if (!lock->locked()) return std::nullopt;
  const auto before = kept();
  if (before && !again && has_all(*before)) return before;  // somebody else measured meanwhile
  MachineCeilings measured = measure();
  if (before) measured = best_of(*before, measured);
  auto& bandwidth = measured.processors.bandwidth;
  if (before && bandwidth.empty()) bandwidth = before->processors.bandwidth;
  const bool whole = (!bandwidth.empty() || !wants_bandwidth_) && measured.processors.threads > 0;
  if (whole) keep(measured);  // memory that could not be had now may be there next time
  return measured;
}

std::optional<MachineCeilings> CeilingsFile::get(const std::function<MachineCeilings()>& measure,
                                                 const std::function<bool()>& wait) const {
  if (const auto whole = read()) return whole;
  return locked(false, measure, wait);
}

std::optional<MachineCeilings> CeilingsFile::measure_again(
    const std::function<MachineCeilings()>& measure, const std::function<bool()>& wait) const {
  return locked(true, measure, wait);
}

}  // namespace squall::agents
