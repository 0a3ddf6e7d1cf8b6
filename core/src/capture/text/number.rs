//! Which digits are a citizen's number or a telephone number of the mainland.

/// A telephone number.
pub(super) struct Telephone {
    /// It is grouped as people group such numbers; else other numbers in a row may look like it.
    pub(super) is_usual: bool,
    /// How many groups the country's code has for itself.
    pub(super) prefix_groups: usize,
}

/// GB 11643: six digits of a place, a date of birth, three digits, and a check digit that is X for ten.
pub(super) fn is_citizen_id(digits: &[u8], has_x: bool) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: [u8; 11] = [1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    let Some((head, tail)) = digits.split_first_chunk::<17>() else { return false };
    let check = match (tail, has_x) {
        ([], true) => 10,
        ([check], false) => *check,
        _ => return false,
    };
    let [place, _, _, _, _, _, y0, y1, y2, y3, m0, m1, d0, d1, ..] = head.map(u32::from);
    let (year, month, day) = (y0 * 1000 + y1 * 100 + y2 * 10 + y3, m0 * 10 + m1, d0 * 10 + d1);
    let sum: u32 = head.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let expected = usize::try_from(sum % 11).ok().and_then(|rest| CHECK.get(rest));
    place > 0 && is_date(year, month, day) && expected == Some(&check)
}

/// A day on which somebody who lives may have been born.
fn is_date(year: u32, month: u32, day: u32) -> bool {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1900..2100).contains(&year) && (1..=days).contains(&day)
}

/// Tells a telephone number, given in groups: the country's code or none, then a mobile number of eleven digits
/// or an area code with seven or eight digits.
pub(super) fn telephone(groups: &[&[u8]], has_plus: bool) -> Option<Telephone> {
    let (first, others) = groups.split_first()?;
    let country: &[u8] = if has_plus { &[8, 6] } else { &[0, 0, 8, 6] };
    let (groups, has_country) = match first.strip_prefix(country) {
        Some([]) => (others.to_vec(), true),
        Some(rest) => ([&[rest], others].concat(), true),
        None if has_plus => return None,
        None => (groups.to_vec(), false),
    };
    let prefix_groups = usize::from(has_country && first.len() == country.len());
    let digits = groups.concat();
    let lens: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_grouped = |lens: &[usize]| lens.len() <= 3 && lens.iter().all(|len| *len >= 3);
    if matches!(digits.as_slice(), [1, 3..=9, rest @ ..] if rest.len() == 9) {
        let is_usual = matches!(lens.as_slice(), [11] | [3, 8] | [7, 4] | [3, 4, 4]);
        return is_grouped(&lens).then_some(Telephone { is_usual, prefix_groups });
    }
    let area = match digits.strip_prefix(&[0]) {
        Some(area) => area,
        // From abroad the 0 of the area code is not dialled.
        None if has_country => digits.as_slice(),
        None => return None,
    };
    let (area_len, local_lens) = match area {
        [1, 0, ..] | [2, _, ..] => (2, 8..=8),
        [3..=9, _, _, ..] => (3, 7..=8),
        _ => return None,
    };
    let local = area.get(area_len..)?;
    let is_local = local_lens.contains(&local.len()) && matches!(local, [2..=8, ..]);
    let is_area_apart = lens.len() == 1 || *lens.first()? == digits.len() - local.len();
    (is_local && is_area_apart && is_grouped(lens.get(1..)?))
        .then_some(Telephone { is_usual: true, prefix_groups })
}
