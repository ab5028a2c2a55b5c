#include "coordinator/store/database.hpp"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace squall::coordinator {

namespace {

constexpr int patience_ms = 10'000;  // while another process writes

constexpr const char* other_place = "; --store FILE or $SQUALL_STORE names another place";

/// SQLite's word for it, and the system's where it has one.
std::string reason(sqlite3* handle, int code) {
  const int error = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  const int kind = code & 0xff;
  if (kind == SQLITE_FULL) return std::strerror(ENOSPC);
  if ((kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) && error != 0) return std::strerror(error);
  return handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
}

std::string message(const std::string& file, int code, const std::string& why) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "the store " + file + " is kept busy by another process; try again" + other_place;
    case SQLITE_FULL:
      return "the store " + file + " cannot be written: " + why + "; make room" + other_place;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_FORMAT:
      return "the store " + file + " is damaged, or no store of runs (" + why +
             "); move it away and a new one is made, into which squall import takes the folders "
             "of runs" +
             other_place;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "the store " + file + " cannot be opened for writing: " + why + other_place;
    default:
      return "the store " + file + " cannot be used: " + why + other_place;
  }
}

}  // namespace

// ---- the file

Database::Database(const std::filesystem::path& file) : file_(file) {
  try {
    open();
  } catch (...) {
    close();
    throw;
  }
}

Database::~Database() { close(); }

void Database::open() {
  // A new one is for its owner alone. Only a new one is touched: closing a file that SQLite has
  // open, too, would take the process's locks from it.
  if (const int made = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      made >= 0)
    ::close(made);
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (const int code = sqlite3_open_v2(file_.c_str(), &handle_, flags, nullptr); code != SQLITE_OK)
    fail(code);
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, patience_ms);
  // A file may come from elsewhere: nothing in its schema may call anything, and its pages are
  // looked at before they are believed.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  execute(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
      "PRAGMA synchronous = FULL;");
}

void Database::turn_to_wal() { execute("PRAGMA journal_mode = WAL"); }

void Database::close() {
  if (handle_ != nullptr) sqlite3_close(handle_);
  handle_ = nullptr;
}

void Database::fail(int code) const {
  throw StoreError(message(file_.string(), code, reason(handle_, code)));
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::value_of(std::string_view sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::int64_t Database::last_number() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Database::changed() const { return sqlite3_changes64(handle_); }

// ---- statements

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  const int code = sqlite3_prepare_v2(database.handle_, sql.data(), static_cast<int>(sql.size()),
                                      &statement_, nullptr);
  if (code != SQLITE_OK) database.fail(code);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::reset() {
  sqlite3_reset(statement_);
  bound_ = 0;
}

bool Statement::step() {
  assert(bound_ == sqlite3_bind_parameter_count(statement_));
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_.fail(code);
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::bind(std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, ++bound_, value); code != SQLITE_OK)
    database_.fail(code);
}

void Statement::bind(double value) {
  if (const int code = sqlite3_bind_double(statement_, ++bound_, value); code != SQLITE_OK)
    database_.fail(code);
}

void Statement::bind(std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();  // else it would be NULL
  const int code =
      sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code);
}

void Statement::bind(const AsBlob& blob) {
  const char* data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  const int code =
      sqlite3_bind_blob64(statement_, ++bound_, data, blob.bytes.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) database_.fail(code);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::string Statement::text(int column) const { return std::string(bytes(column)); }

// ---- transactions

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  database_.execute(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const StoreError&) {  // SQLite has undone it already, as it does when a disk is full
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace squall::coordinator
