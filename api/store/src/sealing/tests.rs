use super::*;

fn ring(numbers: &[u8]) -> Arc<KeyRing> {
    let keys = |salt: u8| {
        numbers
            .iter()
            .map(move |n| (u32::from(*n), SecretSlice::from(vec![n ^ salt; KEY])))
            .collect::<Vec<_>>()
    };
    Arc::new(KeyRing::new(keys(0), keys(0x80)).unwrap())
}

fn keys_of(record: Record) -> RecordKeys {
    let key = |class, n: u128| DataKey::opened(Uuid::from_u128(n), class, &[7; KEY]).unwrap();
    let keys = vec![key(DataClass::Identity, 1), key(DataClass::Health, 2)];
    RecordKeys::new(ring(&[1]), record, keys)
}

fn keys() -> RecordKeys {
    keys_of(Record::Participant(ParticipantId::new(Uuid::from_u128(7))))
}

fn place(column: &'static str) -> Place {
    Place { class: DataClass::Identity, table: "participants", column, row: Uuid::from_u128(7) }
}

/// A cell as it was sealed before there were data keys.
fn former(number: u32, key: u8, place: Place, plain: &[u8]) -> Sealed {
    let cipher = XChaCha20Poly1305::new_from_slice(&[key; KEY]).unwrap();
    let mut cell = vec![FORMER_LAYOUT];
    cell.extend_from_slice(&number.to_le_bytes());
    encrypt(&cipher, &place.associated_data(), plain, &mut cell).unwrap();
    Sealed(cell)
}

#[test]
fn a_cell_opens_where_it_was_sealed_and_nowhere_else() {
    let keys = keys();
    let cell = keys.seal(place("identity"), "Cornelius Ashdown").unwrap();
    assert_eq!(keys.open::<String>(place("identity"), &cell).unwrap(), "Cornelius Ashdown");
    assert!(keys.open::<String>(place("needs"), &cell).is_err());
    let elsewhere = Place { row: Uuid::from_u128(8), ..place("identity") };
    assert!(keys.open::<String>(elsewhere, &cell).is_err());
    let another_table = Place { table: "consents", ..place("identity") };
    assert!(keys.open::<String>(another_table, &cell).is_err());
}

#[test]
fn a_changed_byte_is_noticed() {
    let keys = keys();
    let cell = keys.seal(place("identity"), "Cornelius Ashdown").unwrap();
    for at in 0..cell.0.len() {
        let mut changed = cell.clone();
        changed.0[at] ^= 1;
        assert!(keys.open::<String>(place("identity"), &changed).is_err(), "byte {at}");
    }
    for length in 0..cell.0.len() {
        let cut = Sealed(cell.0[..length].to_vec());
        assert!(keys.open::<String>(place("identity"), &cut).is_err(), "{length} bytes");
    }
}

#[test]
fn a_cell_names_its_data_key_and_each_class_has_its_own() {
    let keys = keys();
    let cell = keys.seal(place("identity"), "text").unwrap();
    assert_eq!(named_key(&cell).unwrap(), Some(Uuid::from_u128(1)));
    let health = keys.seal(Place { class: DataClass::Health, ..place("needs") }, "text").unwrap();
    assert_eq!(named_key(&health).unwrap(), Some(Uuid::from_u128(2)));
    let none = keys.seal(Place { class: DataClass::Safeguarding, ..place("report") }, "text").unwrap_err();
    assert!(matches!(none, StoreError::Sealed(_)), "{none}");
}

#[test]
fn what_a_destroyed_key_sealed_is_erased_and_stays_so() {
    let mut keys = keys();
    let cell = keys.seal(place("identity"), "text").unwrap();
    for key in &mut keys.keys {
        key.cipher = None;
    }
    assert!(matches!(keys.open::<String>(place("identity"), &cell), Err(StoreError::Erased)));
    assert!(matches!(keys.seal(place("identity"), "text"), Err(StoreError::Erased)));
    assert!(matches!(keys.open::<String>(place("identity"), &emptied()), Err(StoreError::Erased)));
    assert!(unless_erased(keys.open::<String>(place("identity"), &cell)).unwrap().is_none());
}

#[test]
fn another_records_keys_open_nothing() {
    let cell = keys().seal(place("identity"), "text").unwrap();
    let other = RecordKeys::new(
        ring(&[1]),
        Record::Installation,
        vec![DataKey::opened(Uuid::from_u128(9), DataClass::Identity, &[7; KEY]).unwrap()],
    );
    assert!(other.open::<String>(place("identity"), &cell).is_err());
}

#[test]
fn a_cell_of_the_former_layout_opens_with_its_key_and_a_missing_one_is_named() {
    let cell = former(1, 1, place("identity"), b"\"text\"");
    assert_eq!(former_key(&cell), Some(1));
    assert_eq!(named_key(&cell).unwrap(), None);
    assert_eq!(keys().open::<String>(place("identity"), &cell).unwrap(), "text");
    assert!(keys().open::<String>(place("needs"), &cell).is_err());
    let elsewhere = former(2, 2, place("identity"), b"\"text\"");
    let refused = keys().open::<String>(place("identity"), &elsewhere).unwrap_err();
    assert!(matches!(refused, StoreError::KeyMissing { group: "sealing", number: 2 }), "{refused}");
}

#[test]
fn the_groups_of_wrapping_keys_have_nothing_in_common() {
    let ring = ring(&[1]);
    let wrapped = ring.wrap(KeyGroup::Safeguarding, 1, b"here", &[9; KEY]).unwrap();
    assert_eq!(ring.unwrap(KeyGroup::Safeguarding, 1, b"here", &wrapped).unwrap().as_slice(), [9; KEY]);
    assert!(ring.unwrap(KeyGroup::Sealing, 1, b"here", &wrapped).is_err());
    assert!(ring.unwrap(KeyGroup::Safeguarding, 1, b"there", &wrapped).is_err());
    assert_eq!(KeyGroup::of(DataClass::Safeguarding), KeyGroup::Safeguarding);
    for class in [DataClass::Identity, DataClass::Health, DataClass::Replies] {
        assert_eq!(KeyGroup::of(class), KeyGroup::Sealing);
    }
}

#[test]
fn two_cells_of_the_same_text_have_nothing_in_common_but_their_key() {
    let keys = keys();
    let [one, other] = [(); 2].map(|()| keys.seal(place("identity"), "text").unwrap());
    assert_eq!(one.0[..17], other.0[..17]);
    assert_ne!(one.0[17..], other.0[17..]);
    assert!(!one.0.windows(4).any(|window| window == b"text"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_come_back_at_their_place_and_a_flipped_bit_or_another_row_is_noticed(
        plain in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        row in proptest::prelude::any::<u128>(),
        other in proptest::prelude::any::<u128>(),
        at in proptest::prelude::any::<proptest::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let keys = keys();
        let place = Place { row: Uuid::from_u128(row), ..place("identity") };
        let cell = keys.seal_bytes(place, &plain).unwrap();
        proptest::prop_assert_eq!(cell.0.len(), 1 + 16 + NONCE + plain.len() + 16);
        proptest::prop_assert_eq!(keys.open_bytes(place, &cell).unwrap(), plain);
        if other != row {
            let elsewhere = Place { row: Uuid::from_u128(other), ..place };
            proptest::prop_assert!(keys.open_bytes(elsewhere, &cell).is_err());
        }
        let mut changed = cell.clone();
        let at = at.index(changed.0.len());
        changed.0[at] ^= 1 << bit;
        proptest::prop_assert!(keys.open_bytes(place, &changed).is_err());
    }

    #[test]
    fn no_bytes_whatever_open_or_do_worse_than_be_refused(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120),
    ) {
        proptest::prop_assert!(keys().open_bytes(place("identity"), &Sealed(bytes)).is_err());
    }
}
