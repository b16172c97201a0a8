#include "sql/functions/date_format.hpp"

#include <algorithm>

#include "sql/types/support.hpp"

namespace helios::sql {

const char* const month_names[12] = {"January", "February", "March", "April", "May", "June",
                                     "July", "August", "September", "October", "November", "December"};
const char* const day_names[7] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
const char* const roman_months[12] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};

namespace {

struct keyword {
  std::string_view name;  ///< upper case
  date_key key;
  bool is_number;
  bool capital;           ///< also written "Month"
  std::uint8_t digits = 0;
};

/// A longer name stands before its beginnings.
constexpr keyword keywords[] = {
    {"A.D.", date_key::ad_dots, false, false}, {"A.M.", date_key::am_dots, false, false},
    {"AD", date_key::ad, false, false}, {"AM", date_key::am, false, false},
    {"B.C.", date_key::ad_dots, false, false}, {"BC", date_key::ad, false, false},
    {"CC", date_key::cc, true, false}, {"DAY", date_key::day_name, false, true}, {"DDD", date_key::ddd, true, false},
    {"DD", date_key::dd, true, false}, {"DY", date_key::dy, false, true}, {"D", date_key::d, true, false},
    {"FF1", date_key::ff, true, false, 1}, {"FF2", date_key::ff, true, false, 2}, {"FF3", date_key::ff, true, false, 3},
    {"FF4", date_key::ff, true, false, 4}, {"FF5", date_key::ff, true, false, 5}, {"FF6", date_key::ff, true, false, 6},
    {"HH24", date_key::hh24, true, false}, {"HH12", date_key::hh12, true, false}, {"HH", date_key::hh12, true, false},
    {"IDDD", date_key::iddd, true, false}, {"ID", date_key::id, true, false}, {"IW", date_key::iw, true, false},
    {"IYYY", date_key::iyyy, true, false}, {"IYY", date_key::iyy, true, false}, {"IY", date_key::iy, true, false},
    {"I", date_key::i, true, false}, {"J", date_key::j, true, false}, {"MI", date_key::mi, true, false},
    {"MM", date_key::mm, true, false}, {"MONTH", date_key::month_name, false, true}, {"MON", date_key::mon, false, true},
    {"MS", date_key::ms, true, false}, {"OF", date_key::of, false, false}, {"P.M.", date_key::am_dots, false, false},
    {"PM", date_key::am, false, false}, {"Q", date_key::q, true, false}, {"RM", date_key::rm, false, false},
    {"SSSSS", date_key::ssss, true, false}, {"SSSS", date_key::ssss, true, false}, {"SS", date_key::ss, true, false},
    {"TZH", date_key::tzh, false, false}, {"TZM", date_key::tzm, true, false}, {"TZ", date_key::tz, false, false},
    {"US", date_key::us, true, false}, {"WW", date_key::ww, true, false}, {"W", date_key::w, true, false},
    {"Y,YYY", date_key::y_yyy, true, false}, {"YYYY", date_key::yyyy, true, false}, {"YYY", date_key::yyy, true, false},
    {"YY", date_key::yy, true, false}, {"Y", date_key::y, true, false}};

/// A keyword is written all in capitals or all in small letters, and names also with one capital.
bool written_as(std::string_view text, const keyword& k, letter_case& letters) {
  if (text.size() < k.name.size()) return false;
  const auto given = text.substr(0, k.name.size());
  const std::string lower = lower_ascii(k.name);
  if (given == k.name) letters = letter_case::upper;
  else if (given == lower) letters = letter_case::lower;
  else if (k.capital && given[0] == k.name[0] && given.substr(1) == std::string_view(lower).substr(1)) letters = letter_case::capital;
  else return false;
  return true;
}

bool is_separator(char c) {
  return c > ' ' && c < 0x7f && !is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

class pattern_parser {
 public:
  explicit pattern_parser(std::string_view text) : rest_(text) {}

  date_pattern parse() {
    while (!rest_.empty()) {
      const bool fill = prefixes();
      if (rest_.empty()) break;
      if (!field(fill)) literal();
    }
    return std::move(out_);
  }

 private:
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  /// FM, FX and TM (names in the session's language, which is English here).
  bool prefixes() {
    bool fill = false;
    translated_ = false;
    for (;;) {
      if (take("FM") || take("fm")) fill = true;
      else if (take("FX") || take("fx")) out_.exact = true;
      else if (take("TM") || take("tm")) translated_ = true;
      else return fill;
    }
  }
  bool field(bool fill) {
    for (const auto& k : keywords) {
      letter_case letters{};
      if (!written_as(rest_, k, letters)) continue;
      date_part p;
      p.what = date_part::kind::field;
      p.key = k.key;
      p.letters = letters;
      p.digits = k.digits;
      p.is_number = k.is_number;
      p.fill = fill || (translated_ && !k.is_number);
      p.text = rest_.substr(0, k.name.size());
      rest_.remove_prefix(k.name.size());
      if (take("TH")) p.ordinal = p.ordinal_upper = true;
      else if (take("th")) p.ordinal = true;
      else if (!take("SP")) take("sp");
      out_.parts.push_back(std::move(p));
      return true;
    }
    return false;
  }
  void add(std::string_view character, date_part::kind what) {
    date_part p;
    p.what = what;
    p.text = character;
    out_.parts.push_back(std::move(p));
  }
  std::string_view take_character() {
    const auto size = std::min(utf8_size(rest_[0]), rest_.size());
    const auto c = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return c;
  }
  void literal() {
    if (rest_[0] == '"') return quoted();
    // Outside of quotes a backslash only protects a quote.
    if (rest_.starts_with("\\\"")) rest_.remove_prefix(1);
    const auto c = take_character();
    add(c, is_space(c[0]) ? date_part::kind::space : is_separator(c[0]) ? date_part::kind::separator : date_part::kind::text);
  }
  void quoted() {
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      if (take("\"")) return;
      if (rest_[0] == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      add(take_character(), date_part::kind::text);
    }
  }

  std::string_view rest_;
  bool translated_ = false;
  date_pattern out_;
};

}  // namespace

date_pattern parse_date_pattern(std::string_view text) { return pattern_parser(text).parse(); }

std::string ordinal_suffix(std::string_view digits, bool upper) {
  const char last = digits.empty() ? '0' : digits.back();
  const bool teen = digits.size() > 1 && digits[digits.size() - 2] == '1';
  const char* lower = teen ? "th" : last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
  std::string out = lower;
  if (upper)
    for (char& c : out) c = to_upper_ascii(c);
  return out;
}

}  // namespace helios::sql
